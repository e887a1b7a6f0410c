// `lockstep/socketio` as JavaScript, made from what socketio.cc provides. Evaluates to (native) => ({ io, connect, Manager,
// Socket, default }); native: parse, open, connect, send, close, transport, after, cancel, iteration.
(function (native) {
  'use strict';

  // Types of packets, as they are on the wire.
  const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4, BINARY_EVENT = 5, BINARY_ACK = 6;
  const RESERVED = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];
  const DEFAULTS = {
    autoConnect: true, reconnection: true, reconnectionAttempts: Infinity, reconnectionDelay: 1000, reconnectionDelayMax: 5000,
    randomizationFactor: 0.5,
  };
  const OPTIONS = ['ackTimeout', 'auth', 'extraHeaders', 'forceNew', 'jar', 'multiplex', 'path', 'query', 'tags', 'timeout',
    'transports', 'upgrade', 'version', ...Object.keys(DEFAULTS),
    // Of browsers and Node.js, and without a meaning here.
    'autoUnref', 'rejectUnauthorized', 'rememberUpgrade', 'withCredentials'];

  const isBinary = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
  const mustBeFunction = (what, value) => {
    if (typeof value !== 'function') throw new TypeError(`${what}: a function is expected, got ${value === null ? 'null' : typeof value}`);
  };
  // JSON with placeholders, and the bytes that they stand for.
  const pack = (value) => {
    const attachments = [];
    const json = JSON.stringify(value, (_, part) => (isBinary(part) ? { _placeholder: true, num: attachments.push(part) - 1 } : part));
    return { json, attachments };
  };
  const unpack = (json, attachments) => JSON.parse(json, (_, part) => {
    if (part === null || typeof part !== 'object' || part._placeholder !== true) return part;
    if (!(part.num in attachments)) throw new Error('an attachment is missing');
    return attachments[part.num];
  });

  class Emitter {
    #listeners = new Map();
    on(event, listener) {
      mustBeFunction(`on("${event}")`, listener);
      this.#listeners.set(event, [...this.listeners(event), listener]);
      return this;
    }
    once(event, listener) {
      mustBeFunction(`once("${event}")`, listener);
      const first = (...args) => {
        this.off(event, first);
        listener.apply(this, args);
      };
      first.listener = listener;
      return this.on(event, first);
    }
    off(event, listener) {
      if (event === undefined) {
        this.#listeners.clear();
      } else if (listener === undefined) {
        this.#listeners.delete(event);
      } else {
        this.#listeners.set(event, this.listeners(event).filter((each) => each !== listener && each.listener !== listener));
      }
      return this;
    }
    addEventListener(event, listener) { return this.on(event, listener); }
    removeEventListener(event, listener) { return this.off(event, listener); }
    removeListener(event, listener) { return this.off(event, listener); }
    removeAllListeners(event) { return this.off(event); }
    listeners(event) { return this.#listeners.get(event) ?? []; }
    hasListeners(event) { return this.listeners(event).length > 0; }
    tell(event, ...args) {
      for (const listener of this.listeners(event)) listener.apply(this, args);
    }
  }

  class Socket extends Emitter {
    connected = false;
    recovered = false;
    id = undefined;
    #manager;
    #namespace;
    #auth;
    #ackTimeout;
    #flags = {};
    #waiting = [];  // events that were emitted before there was a connection
    #acks = new Map();
    #lastId = 0;
    #any = [];
    #anyOutgoing = [];
    #active = false;

    constructor(manager, namespace, options = {}) {
      super();
      this.#manager = manager;
      this.#namespace = namespace;
      this.#auth = options.auth;
      this.#ackTimeout = options.ackTimeout;
      if (manager.options.autoConnect) this.connect();
    }
    get io() { return this.#manager; }
    get nsp() { return this.#namespace; }
    get active() { return this.#active; }
    get disconnected() { return !this.connected; }
    get auth() { return this.#auth; }
    set auth(auth) { this.#auth = auth; }
    get volatile() { return this.#flag('volatile', true); }
    compress() { return this; }
    timeout(milliseconds) { return this.#flag('timeout', milliseconds); }

    connect() {
      if (this.#active) return this;
      this.#active = true;
      this.#manager.join(this);
      return this;
    }
    open() { return this.connect(); }
    disconnect() {
      const was = this.connected;
      if (was) this.#manager.send(DISCONNECT, this.#namespace, undefined, '', []);
      this.#leave();
      if (was) this.#lost('io client disconnect');
      return this;
    }
    close() { return this.disconnect(); }

    send(...args) { return this.emit('message', ...args); }
    emit(event, ...args) {
      if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
      const { timeout = this.#ackTimeout, volatile } = this.#flags;
      this.#flags = {};
      const acknowledged = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
      const id = acknowledged === undefined ? undefined : this.#expectAck(acknowledged, timeout);
      const send = () => {
        const { json, attachments } = pack([event, ...args]);
        for (const listener of this.#anyOutgoing) listener(event, ...args);
        this.#manager.send(attachments.length > 0 ? BINARY_EVENT : EVENT, this.#namespace, id, json, attachments);
      };
      if (this.connected) send(); else if (!volatile) this.#waiting.push(send);
      return this;
    }
    emitWithAck(event, ...args) {
      const withError = this.#flags.timeout !== undefined || this.#ackTimeout !== undefined;
      return new Promise((resolve, reject) => {
        const answered = withError ? (error, value) => (error ? reject(error) : resolve(value)) : (value) => resolve(value);
        answered.reject = reject;
        this.emit(event, ...args, answered);
      });
    }
    onAny(listener) { return this.#add('onAny', this.#any, listener); }
    offAny(listener) { return this.#remove(this.#any, listener); }
    onAnyOutgoing(listener) { return this.#add('onAnyOutgoing', this.#anyOutgoing, listener); }
    offAnyOutgoing(listener) { return this.#remove(this.#anyOutgoing, listener); }

    // ---- from the manager ----

    // What the server is to know of who joins; '' for nothing.
    joining(join) {
      const told = (data) => join(data === undefined ? '' : JSON.stringify(data));
      if (typeof this.#auth === 'function') this.#auth(told); else told(this.#auth);
    }
    receive(type, id, json, attachments, session) {
      switch (type) {
        case CONNECT:
          this.#joined(json, session);
          break;
        case EVENT:
        case BINARY_EVENT:
          this.#event(unpack(json, attachments), id);
          break;
        case ACK:
        case BINARY_ACK: {
          const ack = this.#acks.get(id);
          this.#acks.delete(id);
          ack?.(undefined, unpack(json, attachments));
          break;
        }
        case DISCONNECT:
          this.#leave();
          this.#lost('io server disconnect');
          break;
        case CONNECT_ERROR: {
          const data = JSON.parse(json || '{}');
          this.#leave();
          this.failed(Object.assign(new Error(typeof data === 'string' ? data : data.message), { data: data.data }));
          break;
        }
      }
    }
    failed(error) {
      if (!this.connected) this.tell('connect_error', error);
    }
    connectionLost(reason, details) {
      if (this.connected) this.#lost(reason, details);
    }

    #flag(name, value) {
      this.#flags[name] = value;
      return this;
    }
    #add(what, list, listener) {
      mustBeFunction(`${what}()`, listener);
      list.push(listener);
      return this;
    }
    #remove(list, listener) {
      list.splice(0, list.length, ...list.filter((each) => listener !== undefined && each !== listener));
      return this;
    }
    #expectAck(acknowledged, timeout) {
      const id = this.#lastId++;
      const timer = timeout === undefined ? undefined : native.after(Number(timeout), () => {
        this.#acks.delete(id);
        acknowledged.call(this, new Error('operation has timed out'));
      });
      this.#acks.set(id, (error, args) => {
        if (timer !== undefined) native.cancel(timer);
        if (timeout !== undefined) {
          acknowledged.call(this, error ?? null, ...(args ?? []));
        } else if (error === undefined) {
          acknowledged.apply(this, args);
        } else {
          acknowledged.reject?.(error);
        }
      });
      return id;
    }
    #joined(json, session) {
      const { sid } = JSON.parse(json || '{}');
      this.id = sid ?? (this.#namespace === '/' ? session : `${this.#namespace}#${session}`);
      this.connected = true;
      this.tell('connect');
      for (const send of this.#waiting.splice(0)) send();
    }
    #event(args, id) {
      if (id !== undefined) {
        let answered = false;
        args.push((...answer) => {
          if (answered) return;
          answered = true;
          const { json, attachments } = pack(answer);
          this.#manager.send(attachments.length > 0 ? BINARY_ACK : ACK, this.#namespace, id, json, attachments);
        });
      }
      for (const listener of [...this.#any]) listener.apply(this, args);
      this.tell(...args);
    }
    #leave() {
      this.#active = false;
      this.#manager.leave(this);
    }
    #lost(reason, details) {
      this.connected = false;
      this.id = undefined;
      const acks = [...this.#acks.values()];
      this.#acks.clear();
      this.tell('disconnect', reason, details);
      for (const ack of acks) ack(new Error('socket has been disconnected'));
    }
  }

  class Manager extends Emitter {
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
      if (options === null || typeof options !== 'object') throw new TypeError('io(): the options must be an object');
      for (const name of Object.keys(options)) {
        if (!OPTIONS.includes(name)) throw new TypeError(`io(): unknown option "${name}"; there are ${[...OPTIONS].sort().join(', ')}`);
      }
      this.#uri = uri;
      this.options = { ...DEFAULTS, ...options };
    }
    get opts() { return this.options; }
    get uri() { return this.#uri; }
    get engine() { return { id: this.#session, transport: { name: native.transport(this.#number) } }; }
    // Whether an earlier iteration made it, whose connections are cut.
    get stale() { return this.#iteration !== native.iteration(); }

    socket(namespace = '/', options = {}) {
      const known = this.#sockets.get(namespace);
      if (known !== undefined) return this.options.autoConnect ? known.connect() : known;
      const socket = new Socket(this, namespace, { ...this.options, ...options });
      this.#sockets.set(namespace, socket);
      return socket;
    }
    has(namespace) { return this.#sockets.has(namespace); }
    open() {
      if (this.#state !== 'closed') return this;
      this.#number = native.open(this.#uri, this.options, (...event) => this.#on(...event));
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
    send(type, namespace, id, json, attachments) { native.send(this.#number, type, namespace, id, json, attachments); }

    #join(socket) {
      const number = this.#number;
      socket.joining((json) => native.connect(number, socket.nsp, json));
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
