// What a Socket of `lockstep/socketio` is: one namespace over a manager's connection. Evaluates to (native) => Socket; native:
// Emitter, after, cancel, warn.
(function (native) {
  'use strict';

  // Types of packets, as they are on the wire.
  const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4, BINARY_EVENT = 5, BINARY_ACK = 6;
  const RESERVED = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];

  const isBinary = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
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
  // What is not a binary packet may have an object that looks like a placeholder.
  const argumentsOf = (type, json, attachments) =>
    (type === BINARY_EVENT || type === BINARY_ACK ? unpack(json, attachments) : JSON.parse(json));
  // What a server says that lets nobody in: a text, { message, data } or, with Socket.IO 2, anything else.
  const refusalOf = (json) => {
    const said = JSON.parse(json || '{}');
    if (typeof said === 'string') return new Error(said);
    const { message, data } = said ?? {};
    return Object.assign(new Error(message ?? `the server refused the connection: ${json}`), { data: message === undefined ? said : data });
  };

  return class Socket extends native.Emitter {
    #connected = false;
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
    get connected() { return this.#connected && !this.#manager.stale; }
    get disconnected() { return !this.connected; }
    get auth() { return this.#auth; }
    set auth(auth) { this.#auth = auth; }
    get volatile() { return this.#flag('volatile', true); }
    compress() { return this; }
    timeout(milliseconds) {
      if (!(Number(milliseconds) >= 0)) throw new TypeError(`timeout(): milliseconds are expected, got ${String(milliseconds)}`);
      return this.#flag('timeout', milliseconds);
    }

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
      if (typeof event !== 'string' && typeof event !== 'number') throw new TypeError('emit(): the name of an event is expected first');
      if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
      if (this.#manager.stale) throw new Error('emit(): the connection has ended with its iteration: each iteration makes its own');
      const { timeout = this.#ackTimeout, volatile } = this.#flags;
      this.#flags = {};
      const acknowledged = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
      const { json, attachments } = pack([event, ...args]);
      const id = acknowledged === undefined ? undefined : this.#expectAck(event, acknowledged, timeout);
      const send = () => {
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
          this.#event(argumentsOf(type, json, attachments), id);
          break;
        case ACK:
        case BINARY_ACK: {
          const ack = this.#acks.get(id);
          this.#acks.delete(id);
          ack?.(undefined, argumentsOf(type, json, attachments));
          break;
        }
        case DISCONNECT:
          this.#leave();
          this.#lost('io server disconnect');
          break;
        case CONNECT_ERROR:
          this.#leave();
          this.failed(refusalOf(json));
          break;
      }
    }
    failed(error) {
      if (this.connected) return;
      this.#manager.failed(this.#namespace, error.message);
      if (!this.tell('connect_error', error)) native.warn(error.message);
    }
    connectionLost(reason, details) {
      if (!this.connected) return;
      this.#manager.failed(this.#namespace, details.message === reason ? reason : `${reason}: ${details.message}`);
      this.#lost(reason, details);
    }

    #flag(name, value) {
      this.#flags[name] = value;
      return this;
    }
    #add(what, list, listener) {
      if (typeof listener !== 'function') throw new TypeError(`${what}(): a function is expected, got ${typeof listener}`);
      list.push(listener);
      return this;
    }
    #remove(list, listener) {
      list.splice(0, list.length, ...list.filter((each) => listener !== undefined && each !== listener));
      return this;
    }
    #expectAck(event, acknowledged, timeout) {
      const id = this.#lastId++;
      const timer = timeout === undefined ? undefined : native.after(Number(timeout), () => {
        this.#acks.delete(id);
        this.#manager.failed(this.#namespace, `no acknowledgement of "${event}" in time`);
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
      if (sid === undefined && this.#manager.options.version !== 2) {
        this.#leave();
        this.failed(new Error('the server speaks Socket.IO 2: set `version: 2`'));
        return;
      }
      this.id = sid ?? (this.#namespace === '/' ? session : `${this.#namespace}#${session}`);
      this.#connected = true;
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
      this.#connected = false;
      this.id = undefined;
      const acks = [...this.#acks.values()];
      this.#acks.clear();
      this.tell('disconnect', reason, details);
      for (const ack of acks) ack(new Error('socket has been disconnected'));
    }
  };
})
