// The classes of `k6/websockets` as JavaScript, made from what websockets.cc provides. Evaluates to
// (native) => ({ WebSocket, Blob }); native: open, sendText, sendBinary, ping, close, buffered, encode, decode.
(function (native) {
  const bytesOf = (part) => {
    if (part instanceof Blob) return part.content();
    if (part instanceof ArrayBuffer) return new Uint8Array(part.slice(0));
    if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength));
    return new Uint8Array(native.encode(String(part)));
  };
  class Blob {
    #bytes;
    #type;
    constructor(parts = [], options = {}) {
      const pieces = Array.from(parts, bytesOf);
      this.#bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) { this.#bytes.set(piece, at); at += piece.length; }
      this.#type = String((options && options.type) || '').toLowerCase();
    }
    content() { return this.#bytes; }
    get size() { return this.#bytes.length; }
    get type() { return this.#type; }
    async arrayBuffer() { return this.#bytes.slice().buffer; }
    async bytes() { return this.#bytes.slice(); }
    async text() { return native.decode(this.#bytes); }
    slice(start, end, type) { return new Blob([this.#bytes.slice(start, end)], { type }); }
  }
  Object.defineProperty(Blob.prototype, 'content', { enumerable: false });

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
    #binaryType = 'blob';
    #listeners = new Map(kinds.map((kind) => [kind, []]));
    #handlers = new Map();
    #closing;
    constructor(url, protocols, params) {
      if (url === undefined) throw new TypeError('WebSocket requires a url');
      this.#url = String(url);
      const list = protocols === undefined || protocols === null ? [] : [].concat(protocols).map(String);
      this.#number = native.open(this.#url, list, params, (...event) => this.#on(...event));
      for (const kind of kinds) {
        Object.defineProperty(this, `on${kind}`, {
          enumerable: true,
          get: () => this.#handlers.get(kind) ?? null,
          set: (handler) => {
            if (handler !== null && handler !== undefined && typeof handler !== 'function') {
              throw new TypeError(`a function is expected as on${kind}`);
            }
            this.#handlers.set(kind, handler ?? null);
          },
        });
      }
    }
    get url() { return this.#url; }
    get readyState() { return this.#state; }
    get bufferedAmount() { return native.buffered(this.#number); }
    get extensions() { return ''; }
    get protocol() { return this.#protocol; }
    get binaryType() { return this.#binaryType; }
    set binaryType(type) {
      if (type !== 'blob' && type !== 'arraybuffer') {
        throw new TypeError(`unknown binaryType ${type}, the supported ones are "blob" and "arraybuffer"`);
      }
      this.#binaryType = type;
    }
    addEventListener(kind, listener) {
      if (!this.#listeners.has(kind)) throw new TypeError(`unknown event type "${kind}"`);
      if (typeof listener !== 'function') throw new TypeError(`listener for "${kind}" isn't a function`);
      this.#listeners.get(kind).push(listener);
    }
    removeEventListener(kind, listener) {
      const list = this.#listeners.get(kind) ?? [];
      const index = list.indexOf(listener);
      if (index >= 0) list.splice(index, 1);
    }
    send(data) {
      if (this.#state === 0) throw new Error('InvalidStateError: the WebSocket is not open yet');
      if (this.#state !== 1) return;
      if (data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        native.sendBinary(this.#number, bytesOf(data));
      } else {
        native.sendText(this.#number, String(data));
      }
    }
    ping() {
      if (this.#state === 1) native.ping(this.#number);
    }
    close(code = 1000, reason = '') {
      if (this.#state >= 2) return;
      this.#state = 2;
      this.#closing = { code, reason: String(reason) };
      native.close(this.#number, code, String(reason));
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
          if (this.#state === 0) this.#state = 1;
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
          this.#dispatch('error', { error: data, message: data });
          break;
        case 'close': {
          this.#state = 3;
          const own = this.#closing;
          this.#dispatch('close', { code: own ? own.code : code, reason: own ? own.reason : data, wasClean: code !== 1006 });
          break;
        }
        default:
          this.#dispatch(type, {});
      }
    }
  }
  return { WebSocket, Blob };
})
