// `lockstep/socketio` as JavaScript, made from what socketio.cc provides. Evaluates to (native) => ({ io, connect, Manager,
// Socket, default }); native: Emitter, Socket (emitter.js, socketio_socket.js), parse, open, connect, send, close, failed,
// warn, transport, after, cancel, iteration.
(function (native) {
  'use strict';

  const { Socket } = native;
  const DEFAULTS = {
    autoConnect: true, reconnection: true, reconnectionAttempts: Infinity, reconnectionDelay: 1000, reconnectionDelayMax: 5000,
    randomizationFactor: 0.5,
  };
  const OPTIONS = ['ackTimeout', 'auth', 'extraHeaders', 'forceNew', 'jar', 'multiplex', 'path', 'query', 'tags', 'timeout',
    'transports', 'upgrade', 'version', ...Object.keys(DEFAULTS),
    // Of browsers and Node.js, and without a meaning here.
    'autoUnref', 'rejectUnauthorized', 'rememberUpgrade', 'withCredentials'];

  // In milliseconds, or numbers of other kinds; none of them below 0.
  const NUMBERS = ['ackTimeout', 'randomizationFactor', 'reconnectionAttempts', 'reconnectionDelay', 'reconnectionDelayMax'];
  const checkOptions = (options) => {
    if (options === null || typeof options !== 'object') throw new TypeError('io(): the options must be an object');
    for (const [name, value] of Object.entries(options)) {
      if (!OPTIONS.includes(name)) throw new TypeError(`io(): unknown option "${name}"; there are ${[...OPTIONS].sort().join(', ')}`);
      if (NUMBERS.includes(name) && value !== undefined && !(typeof value === 'number' && value >= 0)) {
        throw new TypeError(`io(): ${name}: a number from 0 on is expected, got ${String(value)}`);
      }
      if (name === 'auth' && typeof value !== 'function' && typeof value !== 'object' && value !== undefined) {
        throw new TypeError(`io(): auth: an object or a function is expected, got ${typeof value}`);
      }
    }
  };

  class Manager extends native.Emitter {
    #uri;
    #number = 0;
    #state = 'closed';
    #iteration = native.iteration();
    #sockets = new Map();  // all, by namespace
    #joined = new Map();   // those that want to be connected
    #session = '';
    #attempts = 0;
    #timer;
    #reconnecting = false;

    constructor(uri, options = {}) {
      super();
      checkOptions(options);
      this.#uri = uri;
      this.options = { ...DEFAULTS, ...options };
    }
    get opts() { return this.options; }
    get uri() { return this.#uri; }
    get engine() { return { id: this.#session, transport: { name: native.transport(this.#number) } }; }
    // Whether an earlier iteration made it, whose connections are cut.
    get stale() { return this.#iteration !== native.iteration(); }

    socket(namespace = '/', options = {}) {
      if (typeof namespace !== 'string') throw new TypeError(`socket(): the namespace must be a string, got ${namespace === null ? 'null' : typeof namespace}`);
      const known = this.#sockets.get(namespace);
      if (known !== undefined) return this.options.autoConnect ? known.connect() : known;
      const socket = new Socket(this, namespace, { ...this.options, ...options });
      this.#sockets.set(namespace, socket);
      return socket;
    }
    has(namespace) { return this.#sockets.has(namespace); }
    open() {
      if (this.#state !== 'closed') return this;
      this.#number = native.open(this.#uri, { ...this.options }, (...event) => this.#on(...event));
      this.#state = 'opening';
      this.#iteration = native.iteration();
      for (const socket of this.#joined.values()) this.#join(socket);
      return this;
    }
    connect() { return this.open(); }

    // ---- from sockets ----

    join(socket) {
      this.#joined.set(socket.nsp, socket);
      if (this.#state === 'closed') {
        try {
          if (this.#timer === undefined) this.open();
        } catch (error) {  // the options are wrong
          this.#joined.delete(socket.nsp);
          throw error;
        }
      } else if (this.#state !== 'closing') {
        this.#join(socket);
      }
    }
    leave(socket) {
      if (this.#joined.get(socket.nsp) === socket) this.#joined.delete(socket.nsp);
      if (this.#joined.size > 0) return;
      if (this.#timer !== undefined) native.cancel(this.#timer);
      this.#timer = undefined;
      this.#reconnecting = false;
      if (this.#state === 'closed') return;
      this.#state = 'closing';
      native.close(this.#number);
    }
    send(type, namespace, id, json, attachments) { native.send(this.#number, Number(type), `${namespace}`, id, `${json}`, [...attachments]); }

    // Something has failed that is not the script's doing.
    failed(namespace, cause) { native.failed(this.#number, `${namespace}`, `${cause}`); }

    #join(socket) {
      const number = this.#number;
      socket.joining((json) => native.connect(number, `${socket.nsp}`, `${json}`));
    }
    #on(what, ...args) {
      switch (what) {
        case 'open':
          [this.#session] = args;
          if (this.#state !== 'opening') break;
          this.#state = 'open';
          this.tell('open');
          if (this.#reconnecting) {
            this.tell('reconnect', this.#attempts);
            this.#reconnecting = false;
          }
          this.#attempts = 0;
          break;
        case 'upgrade':
          this.tell('upgrade', ...args);
          break;
        case 'packet': {
          const [type, namespace, id, json, attachments] = args;
          this.#joined.get(namespace)?.receive(type, id, json, attachments, this.#session);
          break;
        }
        default:
          this.#closed(...args);
      }
    }
    #closed(reason, detail, status, body) {
      const was = this.#state;
      this.#state = 'closed';
      const details = Object.assign(new Error(detail || reason), { description: detail, status, body });
      const sockets = [...this.#joined.values()];
      if (was === 'closing') {  // by the script, which may have come back since
        this.tell('close', reason, details);
        if (this.#joined.size > 0) this.open();
        return;
      }
      if (was === 'open') {
        this.tell('close', reason, details);
        for (const socket of sockets) socket.connectionLost(reason, details);
      } else {
        this.tell('error', details);
        if (this.#reconnecting) this.tell('reconnect_error', details);
        for (const socket of sockets) socket.failed(details);
      }
      if (this.#state === 'closed' && this.#timer === undefined && this.#joined.size > 0) this.#reconnect();
    }
    #reconnect() {
      const { reconnection, reconnectionAttempts, reconnectionDelay, reconnectionDelayMax, randomizationFactor } = this.options;
      if (!reconnection) return;
      if (this.#attempts >= reconnectionAttempts) {
        this.#attempts = 0;
        this.#reconnecting = false;
        this.tell('reconnect_failed');
        return;
      }
      const delay = Math.min(reconnectionDelay * 2 ** this.#attempts, reconnectionDelayMax);
      const spread = delay * randomizationFactor * (2 * Math.random() - 1);
      this.#reconnecting = true;
      this.#attempts += 1;
      this.#timer = native.after(Math.min(Math.max(delay + spread, 0), reconnectionDelayMax), () => {
        this.#timer = undefined;
        this.tell('reconnect_attempt', this.#attempts);
        if (this.#joined.size > 0) this.open();
      });
    }
  }

  // Namespaces of one server share a connection, as in socket.io-client.
  const managers = new Map();
  const io = (url, options = {}) => {
    if (url === undefined || url === null || typeof url === 'object' && !('href' in url)) {
      throw new TypeError('io(): the URL of a server is expected');
    }
    checkOptions(options);
    const [origin, namespace, query] = native.parse(String(url));
    const given = query === '' || options.query !== undefined ? options : {
      ...options, query: Object.fromEntries(query.split('&').map((part) => part.split('=').map(decodeURIComponent))),
    };
    const key = `${origin} ${options.path ?? ''}`;
    const shared = managers.get(key);
    const usable = shared !== undefined && !shared.stale && !shared.has(namespace) && options.forceNew !== true && options.multiplex !== false;
    const manager = usable ? shared : new Manager(origin, given);
    const socket = manager.socket(namespace, given);
    if (shared === undefined || shared.stale) managers.set(key, manager);  // not before its options are known to be right
    return socket;
  };
  Object.assign(io, { io, connect: io, Manager, Socket });
  return { io, connect: io, Manager, Socket, default: io };
})
