// The class of `lockstep/sse` as JavaScript, made from what sse.cc provides. Evaluates to (native) => ({ EventSource });
// native: open(url, method, body, params of k6/http, all params, emit), which returns [number, url], known(number), close(number), and
// hold(number, whether the server is to wait).
(function (native) {
  'use strict';

  const PARAMS = ['auth', 'body', 'compression', 'cookies', 'headers', 'jar', 'method', 'reconnect', 'redirects', 'retry', 'tags',
    'timeout', 'withCredentials'];

  const OWN = ['body', 'method', 'reconnect', 'retry', 'withCredentials'];  // the others are those of k6/http

  // Of events that a loop has not come to, in characters; an event counts for some more.
  const MOST_UNUSED = 1 << 20, EVENT = 200;
  const sizeOf = (event) => event.data.length + EVENT;

  class EventSource {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSED = 2;
    #number = 0;
    #state = 0;
    #url;
    #listeners = new Map();
    #handlers = { open: null, message: null, error: null, close: null };
    #takers = new Set();
    #unused = 0;  // of all loops
    #held = false;

    constructor(url, params = {}) {
      if (url === undefined) throw new TypeError('EventSource requires a URL');
      if (typeof url !== 'string' && (typeof url !== 'object' || url === null)) {
        throw new TypeError(`EventSource: a URL is expected, got ${url === null ? 'null' : typeof url}`);
      }
      if (params === null || typeof params !== 'object') {
        throw new TypeError(`EventSource: the parameters must be an object, got ${params === null ? 'null' : typeof params}`);
      }
      for (const name of Object.keys(params)) {
        if (!PARAMS.includes(name)) throw new TypeError(`EventSource: unknown parameter "${name}"; there are ${PARAMS.join(', ')}`);
      }
      const request = Object.fromEntries(Object.entries(params).filter(([name]) => !OWN.includes(name)));
      [this.#number, this.#url] = native.open(url, params.method, params.body, request, params, (...event) => this.#on(...event));
      for (const kind of Object.keys(this.#handlers)) {
        Object.defineProperty(this, `on${kind}`, {
          enumerable: true,
          get: () => this.#handlers[kind],
          set: (handler) => {
            if (handler !== null && handler !== undefined && typeof handler !== 'function') {
              throw new TypeError(`a value for 'on${kind}' should be callable`);
            }
            this.#handlers[kind] = handler ?? null;
          },
        });
      }
    }
    get url() { return this.#url; }
    get readyState() {
      // An iteration that is cut takes its sources with it, and no event tells of that.
      if (!native.known(this.#number)) this.#state = 2;
      return this.#state;
    }
    get withCredentials() { return false; }
    addEventListener(type, listener) {
      if (typeof listener !== 'function') throw new TypeError(`listener for "${type}" isn't a function`);
      const list = this.#listeners.get(String(type)) ?? [];
      if (!list.includes(listener)) this.#listeners.set(String(type), [...list, listener]);
    }
    removeEventListener(type, listener) {
      const list = this.#listeners.get(String(type)) ?? [];
      this.#listeners.set(String(type), list.filter((each) => each !== listener));
    }
    close() {
      if (this.#state === 2) return;
      this.#state = 2;
      native.close(this.#number);
    }
    // All events of the server, of whatever type. Leaving the loop closes the source; a source that fails throws.
    async* [Symbol.asyncIterator]() {
      const events = [];
      let failure;
      let wake;
      let over = this.readyState === 2;
      const taker = {
        take: (event) => { events.push(event); this.#count(sizeOf(event)); wake?.(); },
        fail: (fields) => { failure = Object.assign(new Error(fields.message), fields); },
        end: () => { over = true; wake?.(); },  // an event of the server may be called "close", too
      };
      this.#takers.add(taker);
      try {
        for (;;) {
          while (events.length > 0) {
            const event = events.shift();
            this.#count(-sizeOf(event));
            yield event;
          }
          if (over && failure !== undefined) throw failure;
          if (over) return;
          await new Promise((resolve) => { wake = resolve; });
        }
      } finally {
        this.#takers.delete(taker);
        this.close();
      }
    }
    get [Symbol.toStringTag]() { return 'EventSource'; }

    #count(size) {
      this.#unused += size;
      const hold = this.#unused > (this.#held ? MOST_UNUSED / 2 : MOST_UNUSED);
      if (hold !== this.#held) native.hold(this.#number, hold);
      this.#held = hold;
    }
    #dispatch(type, fields) {
      const event = { type, target: this, timestamp: Date.now(), ...fields };
      if (Object.prototype.hasOwnProperty.call(this.#handlers, type)) this.#handlers[type]?.call(this, event);
      for (const listener of this.#listeners.get(type) ?? []) listener.call(this, event);
      return event;
    }
    #on(what, text, more, number) {
      switch (what) {
        case 'open':
          if (this.#state === 2) return;
          this.#state = 1;
          this.#dispatch('open', { status: number });
          break;
        case 'event': {
          if (this.#state !== 1) return;
          const fields = { data: text, lastEventId: number, origin: this.#url };
          const event = this.#dispatch(more, fields);
          for (const taker of this.#takers) taker.take(event);
          break;
        }
        case 'retry':  // the connection is lost, another one will follow
        case 'error': {
          if (this.#state === 2) return;
          this.#state = what === 'retry' ? 0 : 2;
          const fields = { message: text, body: more, status: number };
          this.#dispatch('error', fields);
          if (what === 'error') for (const taker of this.#takers) taker.fail(fields);
          break;
        }
        default:
          this.#state = 2;
          for (const taker of this.#takers) taker.end();
          this.#dispatch('close', {});
      }
    }
  }
  return { EventSource };
})
