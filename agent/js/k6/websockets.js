// The classes of `k6/websockets` as JavaScript, made from what websockets.cc provides. Evaluates to
// (native) => ({ WebSocket, Blob }); native: open, known, sendText, sendBinary, ping, close, buffered, extensions, encode, typeName,
// warn; blobs, which is what ../web/blob.js makes; and bindMethods (bound_methods.js).
(function (native) {
  const { Blob, bytesOf } = native.blobs;

  // With the name that errors have in k6 which are not JavaScript's own.
  const fail = (message) => {
    throw Object.defineProperty(new Error(message), 'name', { value: 'GoError', configurable: true, writable: true });
  };
  const checkClose = (code, reason) => {
    const failed = "Failed to execute 'close' on 'WebSocket': ";
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
      fail(`InvalidAccessError: ${failed}The close code must be either 1000, or between 3000 and 4999. ${code} is neither`);
    }
    if (native.encode(reason).byteLength > 123) fail(`SyntaxError: ${failed}The message must not be greater than 123 bytes`);
  };

  const kinds = ['open', 'message', 'error', 'close', 'ping', 'pong'];
  class WebSocket {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    #number = 0;
    #state = 0;
    #url;
    #protocol = '';
    #extensions = [];
    #binaryType = 'blob';
    #listeners = new Map(kinds.map((kind) => [kind, []]));
    #handlers = new Map();
    #closing;
    constructor(url, protocols, params) {
      if (url === undefined) throw new TypeError('WebSocket requires a url');
      this.#url = String(url);
      const listed = typeof protocols === 'string' || Array.isArray(protocols);
      const list = listed ? [].concat(protocols).map(String) : [];
      if (!listed && protocols !== undefined && protocols !== null) {
        native.warn(`k6/websockets: protocols are ${typeof protocols}: without effect, as a text or a list of texts is expected; params are the third argument`);
      }
      this.#number = native.open(this.#url, list, params, (...event) => this.#on(...event));
      for (const kind of kinds) {
        Object.defineProperty(this, `on${kind}`, {
          enumerable: true,
          get: () => this.#handlers.get(kind) ?? null,
          set: (handler) => {
            if (handler !== null && handler !== undefined && typeof handler !== 'function') {
              throw new TypeError(`a value for 'on${kind}' should be callable`);
            }
            this.#handlers.set(kind, handler ?? null);
          },
        });
      }
    }
    get url() { return this.#url; }
    get readyState() {
      // An iteration that is cut takes its sockets with it, and no event tells of that.
      if (!native.known(this.#number)) this.#state = 3;
      return this.#state;
    }
    get bufferedAmount() { return native.buffered(this.#number); }
    get extensions() { return this.#extensions; }
    get protocol() { return this.#protocol; }
    get binaryType() { return this.#binaryType; }
    set binaryType(type) {
      if (type !== 'blob' && type !== 'arraybuffer') {
        throw new TypeError(`unknown binaryType ${type}, the supported ones are "blob" and "arraybuffer"`);
      }
      this.#binaryType = type;
    }
    addEventListener(kind, listener) {
      if (typeof listener !== 'function') throw new TypeError(`the handler for the event "${kind}" is not a function`);
      if (this.#listeners.has(kind)) this.#listeners.get(kind).push(listener);
      else native.warn(`a WebSocket has no event "${kind}", so its listener is never called; there are ${kinds.join(', ')}`);
    }
    removeEventListener(kind, listener) {
      const list = this.#listeners.get(kind) ?? [];
      const index = list.indexOf(listener);
      if (index >= 0) list.splice(index, 1);
    }
    send(data) {
      this.#mustBeOpen();
      if (data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        native.sendBinary(this.#number, bytesOf(data));
      } else if (typeof data === 'string') {
        native.sendText(this.#number, data);
      } else {
        fail(`unsupported send type ${native.typeName(data)}`);
      }
    }
    ping() {
      this.#mustBeOpen();
      native.ping(this.#number);
    }
    close(code, reason = '') {
      const ending = [Math.trunc(code) || 1000, String(reason)];
      checkClose(...ending);
      if (this.readyState >= 2) return;
      if (this.#state === 0) this.#closing = ending; else native.close(this.#number, ...ending);
      this.#state = 2;
    }
    #mustBeOpen() {
      if (this.readyState !== 1) fail('InvalidStateError');
    }
    #dispatch(type, fields) {
      const event = { type, target: this, timestamp: Date.now(), ...fields };
      const handler = this.#handlers.get(type);
      if (handler) handler.call(this, event);
      for (const listener of [...this.#listeners.get(type)]) listener.call(this, event);
    }
    #on(type, data, code) {
      switch (type) {
        case 'open':
          this.#protocol = data;
          this.#extensions = native.extensions(this.#number);
          if (this.#closing) {  // by close() before there was a connection
            native.close(this.#number, ...this.#closing);
            break;
          }
          this.#state = 1;
          this.#dispatch('open', {});
          break;
        case 'text':
          if (this.#state === 1) this.#dispatch('message', { data, origin: this.#url });
          break;
        case 'binary':
          if (this.#state === 1) {
            this.#dispatch('message', { data: this.#binaryType === 'blob' ? new Blob([data]) : data, origin: this.#url });
          }
          break;
        case 'error':
          this.#dispatch('error', { error: data });
          break;
        case 'close':  // without a code if there was no connection, as in k6
          this.#state = 3;
          this.#dispatch('close', { code: code || undefined, reason: data });
          break;
        default:
          this.#dispatch(type, {});
      }
    }
  }
  native.bindMethods(WebSocket);
  return { WebSocket, Blob };
})
