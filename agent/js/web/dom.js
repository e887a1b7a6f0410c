// What the web's other interfaces are made of: DOMException, events and their targets, AbortController, and base64. Evaluates to
// the function (native) => { ... }; native: after(ms, callback), which calls back unless the iteration ends before.
((native) => {
  const CODES = {
    IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5, NoModificationAllowedError: 7,
    NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11, SyntaxError: 12,
    InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18,
    NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23, InvalidNodeTypeError: 24,
    DataCloneError: 25,
  };
  // As older scripts compare them, from 1 on.
  const CONSTANTS = [
    'INDEX_SIZE_ERR', 'DOMSTRING_SIZE_ERR', 'HIERARCHY_REQUEST_ERR', 'WRONG_DOCUMENT_ERR', 'INVALID_CHARACTER_ERR',
    'NO_DATA_ALLOWED_ERR', 'NO_MODIFICATION_ALLOWED_ERR', 'NOT_FOUND_ERR', 'NOT_SUPPORTED_ERR', 'INUSE_ATTRIBUTE_ERR',
    'INVALID_STATE_ERR', 'SYNTAX_ERR', 'INVALID_MODIFICATION_ERR', 'NAMESPACE_ERR', 'INVALID_ACCESS_ERR', 'VALIDATION_ERR',
    'TYPE_MISMATCH_ERR', 'SECURITY_ERR', 'NETWORK_ERR', 'ABORT_ERR', 'URL_MISMATCH_ERR', 'QUOTA_EXCEEDED_ERR', 'TIMEOUT_ERR',
    'INVALID_NODE_TYPE_ERR', 'DATA_CLONE_ERR',
  ];
  const define = (owners, names, first) => {
    for (const [i, name] of names.entries()) {
      for (const owner of owners) Object.defineProperty(owner, name, { value: first + i, enumerable: true });
    }
  };
  class DOMException extends Error {
    #name;
    constructor(message = '', name = 'Error') {
      super(message);
      this.#name = String(name);
    }
    get name() { return this.#name; }
    get code() { return CODES[this.#name] ?? 0; }
    get [Symbol.toStringTag]() { return 'DOMException'; }
  }
  define([DOMException, DOMException.prototype], CONSTANTS, 1);

  const AT_TARGET = 2;
  class Event {
    #type;
    #bubbles;
    #cancelable;
    #composed;
    #timeStamp = Date.now();
    #prevented = false;
    #passive = false;  // of the listener that is called
    #cancelled = false;
    #stopped = false;
    #target = null;
    #phase = 0;
    constructor(type, init = {}) {
      if (arguments.length === 0) throw new TypeError('Event: a type is expected');
      this.#type = String(type);
      this.#bubbles = Boolean(init?.bubbles);
      this.#cancelable = Boolean(init?.cancelable);
      this.#composed = Boolean(init?.composed);
    }
    get type() { return this.#type; }
    get target() { return this.#target; }
    get srcElement() { return this.#target; }
    get currentTarget() { return this.#phase === 0 ? null : this.#target; }
    get eventPhase() { return this.#phase; }
    get bubbles() { return this.#bubbles; }
    get cancelable() { return this.#cancelable; }
    get composed() { return this.#composed; }
    get isTrusted() { return false; }
    get defaultPrevented() { return this.#prevented; }
    get returnValue() { return !this.#prevented; }
    set returnValue(value) { if (!value) this.preventDefault(); }
    get cancelBubble() { return this.#cancelled; }
    set cancelBubble(value) { if (value) this.#cancelled = true; }
    get timeStamp() { return this.#timeStamp; }
    composedPath() { return this.#phase === 0 ? [] : [this.#target]; }
    preventDefault() { if (this.#cancelable && !this.#passive) this.#prevented = true; }
    stopPropagation() { this.#cancelled = true; }
    stopImmediatePropagation() { this.#stopped = this.#cancelled = true; }
    get [Symbol.toStringTag]() { return 'Event'; }
    // Has `target`'s listeners called; the event is about it from then on.
    static dispatch(event, target, listeners) {
      if (event.#phase !== 0) throw new DOMException('dispatchEvent: the event is under way', 'InvalidStateError');
      event.#target = target;
      event.#phase = AT_TARGET;
      for (const { passive, tell } of event.#cancelled ? [] : listeners) {
        if (event.#stopped) break;
        event.#passive = passive;
        tell(event);
      }
      event.#passive = event.#stopped = event.#cancelled = false;
      event.#phase = 0;
      return !event.#prevented;
    }
  }
  const dispatch = Event.dispatch;
  delete Event.dispatch;
  define([Event, Event.prototype], ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'], 0);

  // What a listener throws does not keep the others from being called: it is reported as a rejection that nobody handles.
  const call = (listener, target, event) => {
    try {
      if (typeof listener === 'function') listener.call(target, event); else listener.handleEvent(event);
    } catch (error) {
      Promise.reject(error);
    }
  };
  class EventTarget {
    #listeners = [];
    addEventListener(type, listener, options) {
      const given = typeof options === 'object' && options !== null ? options : { capture: options };
      const capture = Boolean(given.capture), { once = false, passive = false, signal } = given;
      if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('addEventListener: signal: an AbortSignal is expected');
      if (listener === null || listener === undefined) return;
      if (typeof listener !== 'function' && typeof listener !== 'object') {
        throw new TypeError('addEventListener: the listener must be a function or an object with handleEvent');
      }
      const same = (known) => known.type === String(type) && known.listener === listener && known.capture === capture;
      if (signal?.aborted || this.#listeners.some(same)) return;
      this.#listeners.push({ type: String(type), listener, capture, once, passive: Boolean(passive) });
      signal?.addEventListener('abort', () => this.removeEventListener(type, listener, capture), { once: true });
    }
    removeEventListener(type, listener, options) {
      const capture = Boolean(typeof options === 'object' && options !== null ? options.capture : options);
      this.#listeners = this.#listeners.filter((known) =>
        known.type !== String(type) || known.listener !== listener || known.capture !== capture);
    }
    dispatchEvent(event) {
      if (!(event instanceof Event)) throw new TypeError('dispatchEvent: an Event is expected');
      const due = this.#listeners.filter((known) => known.type === event.type);
      due.sort((a, b) => b.capture - a.capture);
      return dispatch(event, this, due.map((known) => ({
        passive: known.passive,
        tell: (given) => {
          if (!this.#listeners.includes(known)) return;  // removed meanwhile
          if (known.once) this.#listeners = this.#listeners.filter((other) => other !== known);
          call(known.listener, this, given);
        },
      })));
    }
    get [Symbol.toStringTag]() { return 'EventTarget'; }
  }

  let making = false;
  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    #handler;  // undefined until there was one
    #sources = [];     // of a signal of any(): those that end it, which are of no any() themselves
    #dependents = [];  // signals of any() that end with this one
    constructor() {
      if (!making) throw new TypeError('AbortSignal has no constructor; use AbortController or AbortSignal.timeout()');
      super();
    }
    get aborted() { return this.#aborted; }
    get reason() { return this.#reason; }
    get onabort() { return this.#handler ?? null; }
    set onabort(handler) {
      if (this.#handler === undefined) this.addEventListener('abort', (event) => this.#handler?.call(this, event));
      this.#handler = typeof handler === 'function' ? handler : null;
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }
    static abort(reason) {
      const signal = make();
      abort(signal, reason);
      return signal;
    }
    // Does not keep the iteration from ending.
    static timeout(ms) {
      if (!Number.isFinite(Number(ms)) || ms < 0) throw new TypeError(`AbortSignal.timeout: invalid time ${ms}: expected milliseconds`);
      const signal = make();
      native.after(Number(ms), () => abort(signal, new DOMException(`the time of ${ms} ms is over`, 'TimeoutError')));
      return signal;
    }
    static any(signals) {
      const all = [...signals];
      if (!all.every((signal) => signal instanceof AbortSignal)) throw new TypeError('AbortSignal.any: a list of AbortSignals is expected');
      const result = make();
      const first = all.find((signal) => signal.aborted);
      if (first) {
        abort(result, first.reason);
      } else {
        result.#sources = all.flatMap((signal) => (signal.#sources.length > 0 ? signal.#sources : [signal]));
        for (const source of result.#sources) source.#dependents.push(result);
      }
      return result;
    }
    get [Symbol.toStringTag]() { return 'AbortSignal'; }
    static start(signal, reason) {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException('it has been aborted', 'AbortError') : reason;
      signal.dispatchEvent(new Event('abort'));
      for (const dependent of signal.#dependents.splice(0)) abort(dependent, signal.reason);
    }
  }
  const abort = AbortSignal.start;
  delete AbortSignal.start;
  const make = () => {
    making = true;
    try {
      return new AbortSignal();
    } finally {
      making = false;
    }
  };
  class AbortController {
    #signal = make();
    get signal() { return this.#signal; }
    abort(reason) { abort(this.#signal, reason); }
    get [Symbol.toStringTag]() { return 'AbortController'; }
  }

  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const VALUES = new Int8Array(128).fill(-1);
  for (let i = 0; i < 64; ++i) VALUES[DIGITS.charCodeAt(i)] = i;
  const invalid = (message) => { throw new DOMException(message, 'InvalidCharacterError'); };
  // Both in pieces, as a text of millions of additions is a deep one.
  const PIECE = 3 * 4096;
  function btoa(data) {
    if (arguments.length === 0) throw new TypeError('btoa: a text is expected');
    const text = String(data);
    const pieces = [];
    for (let start = 0; start < text.length; start += PIECE) {
      let piece = '';
      const end = Math.min(start + PIECE, text.length);
      for (let i = start; i < end; i += 3) {
        const [a, b, c] = [text.charCodeAt(i), text.charCodeAt(i + 1) || 0, text.charCodeAt(i + 2) || 0];
        if (a > 255 || b > 255 || c > 255) invalid('btoa: the text has a character that is not a byte (beyond U+00FF)');
        piece += DIGITS[a >> 2] + DIGITS[((a & 3) << 4) | (b >> 4)];
        piece += i + 1 < end ? DIGITS[((b & 15) << 2) | (c >> 6)] : '=';
        piece += i + 2 < end ? DIGITS[c & 63] : '=';
      }
      pieces.push(piece);
    }
    return pieces.join('');
  }
  function atob(data) {
    if (arguments.length === 0) throw new TypeError('atob: a text is expected');
    let text = String(data).replace(/[\t\n\f\r ]/g, '');
    if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '');
    if (text.length % 4 === 1) invalid('atob: the text is not base64: its length is wrong');
    const pieces = [];
    const bytes = new Uint8Array(PIECE);
    let count = 0, word = 0;
    for (let i = 0; i < text.length; ++i) {
      const value = VALUES[text.charCodeAt(i)] ?? -1;
      if (value < 0) invalid(`atob: the text is not base64: it has the character ${JSON.stringify(text[i])}`);
      word = ((word << 6) | value) & 0xffffff;
      if (i % 4 > 0) bytes[count++] = (word >> (6 - 2 * (i % 4))) & 255;
      if (count === PIECE || i + 1 === text.length) {
        pieces.push(String.fromCharCode.apply(null, bytes.subarray(0, count)));
        count = 0;
      }
    }
    return pieces.join('');
  }

  return { DOMException, Event, EventTarget, AbortController, AbortSignal, atob, btoa };
})
