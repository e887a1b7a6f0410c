// fetch for scripts, on top of k6/http: the same connections, metrics, tags and limits. A response's body is there as a whole when
// fetch has it; streams of bodies are made of that. Evaluates to the function (native) => { fetch, Headers, Request, Response };
// native: start(method, url, body, params) => { promise, id } of k6/http's asyncRequest, abandon(id), facts(response) => { headers:
// pairs as they came, redirected }, and streams(), forms() and dom(), which return the exports of k6/experimental/streams, form_data.js
// and dom.js.
((native) => {
  const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

  const nameOf = (name) => {
    const text = String(name);
    if (!TOKEN.test(text)) throw new TypeError(`Headers: invalid name ${JSON.stringify(text)}`);
    return text.toLowerCase();
  };
  const valueOf = (name, value) => {
    const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
    if (/[\0\n\r]|[^\0-\xff]/.test(text)) throw new TypeError(`Headers: invalid value of ${name}: ${JSON.stringify(text)}`);
    return text;
  };
  class Headers {
    #map = new Map();  // values by name, joined, but for cookies: theirs have commas of their own
    #cookies = [];
    constructor(init) {
      if (init === undefined || init === null) return;
      if (typeof init !== 'object') throw new TypeError('Headers: an object or pairs of name and value are expected');
      if (typeof init[Symbol.iterator] !== 'function') init = Object.entries(init);
      for (const pair of init) {
        const [name, value, ...rest] = pair;
        if (rest.length > 0 || [...pair].length !== 2) throw new TypeError('Headers: pairs of name and value are expected');
        this.append(name, value);
      }
    }
    append(name, value) {
      const key = nameOf(name);
      const text = valueOf(key, value);
      if (key === 'set-cookie') {
        this.#cookies.push(text);
        return;
      }
      const known = this.#map.get(key);
      this.#map.set(key, known === undefined ? text : `${known}, ${text}`);
    }
    delete(name) {
      const key = nameOf(name);
      if (key === 'set-cookie') this.#cookies = [];
      this.#map.delete(key);
    }
    get(name) {
      const key = nameOf(name);
      if (key === 'set-cookie') return this.#cookies.length > 0 ? this.#cookies.join(', ') : null;
      return this.#map.get(key) ?? null;
    }
    getSetCookie() { return [...this.#cookies]; }
    has(name) { return this.get(name) !== null; }
    set(name, value) {
      const key = nameOf(name);
      const text = valueOf(key, value);
      if (key === 'set-cookie') this.#cookies = [text]; else this.#map.set(key, text);
    }
    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }
    entries() {
      const lines = [...this.#map, ...this.#cookies.map((cookie) => ['set-cookie', cookie])];
      return lines.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))[Symbol.iterator]();
    }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return 'Headers'; }
  }

  const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const isStream = (value) => value instanceof native.streams().ReadableStream;
  const copyOf = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  // What a body is: its bytes, or a stream of them, and the type that it has by itself.
  const extract = (body) => {
    if (body === null || body === undefined) return { bytes: null };
    if (body instanceof ArrayBuffer) return { bytes: body.slice(0) };
    if (ArrayBuffer.isView(body)) return { bytes: copyOf(body) };
    const kind = typeof body === 'object' ? kindOf(body) : 'text';
    if (kind === 'URLSearchParams') {
      return { bytes: new TextEncoder().encode(String(body)).buffer, type: 'application/x-www-form-urlencoded;charset=UTF-8' };
    }
    const form = typeof body === 'object' ? native.forms().bodyOf(body) : undefined;
    if (form !== undefined) return { bytes: ArrayBuffer.isView(form.bytes) ? copyOf(form.bytes) : form.bytes, type: form.type || undefined };
    if (kind === 'ReadableStream' && isStream(body)) {
      if (body.locked) throw new TypeError('the body is a stream that is locked');
      return { stream: body };
    }
    return { bytes: new TextEncoder().encode(String(body)).buffer, type: 'text/plain;charset=UTF-8' };
  };
  const drain = async (stream) => {
    const reader = stream.getReader();
    const chunks = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!(value instanceof Uint8Array)) throw new TypeError('a stream of a body must give Uint8Arrays');
      chunks.push(value);
    }
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes.buffer;
  };

  // What Request and Response have in common.
  class Body {
    #bytes;  // null: there is no body, or it is a stream
    #stream;
    #used = false;
    constructor({ bytes = null, stream = null }) {
      this.#bytes = bytes;
      this.#stream = stream;
    }
    get body() {
      if (this.#stream === null && this.#bytes !== null) {
        const bytes = new Uint8Array(this.#bytes);
        this.#stream = new (native.streams().ReadableStream)({
          type: 'bytes',
          pull: (controller) => {
            this.#used = true;
            if (bytes.length > 0) controller.enqueue(bytes);
            controller.close();
            controller.byobRequest?.respond(0);
          },
          cancel: () => { this.#used = true; },
        }, { highWaterMark: 0 });
        this.#bytes = null;
      }
      return this.#stream;
    }
    get bodyUsed() { return this.#used; }
    async #take() {
      if (this.#used || this.#stream?.locked) throw new TypeError('the body has been read already');
      if (this.#stream === null && this.#bytes === null) return new ArrayBuffer(0);
      const bytes = this.#bytes ?? await drain(this.#stream);
      this.#used = true;
      return bytes;
    }
    async arrayBuffer() { return (await this.#take()).slice(0); }
    async bytes() { return new Uint8Array(await this.arrayBuffer()); }
    async text() { return new TextDecoder().decode(await this.#take()); }
    async json() { return JSON.parse(await this.text()); }
    async blob() {
      const type = this.headers.get('content-type') ?? '';
      return new (native.forms().Blob)([await this.#take()], { type });
    }
    async formData() {
      const type = this.headers.get('content-type') ?? '';
      return native.forms().parseForm(await this.#take(), type);
    }
    // The same body for a copy of this object, which keeps it, too.
    static share(of) {
      if (of.#used || of.#stream?.locked) throw new TypeError('the body has been read already');
      if (of.#stream === null) return { bytes: of.#bytes?.slice(0) ?? null };
      const [kept, other] = of.#stream.tee();
      of.#stream = kept;
      return { stream: other };
    }
    // The bytes to send, which are not there for anybody else any more; null without a body.
    static async give(of) {
      return of.#stream === null && of.#bytes === null ? null : of.#take();
    }
  }
  const { share, give } = Body;
  delete Body.share;
  delete Body.give;

  const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
  const methodOf = (given) => {
    const text = String(given);
    const upper = text.toUpperCase();
    if (!TOKEN.test(text) || ['CONNECT', 'TRACE', 'TRACK'].includes(upper)) {
      throw new TypeError(`Request: invalid method ${JSON.stringify(text)}`);
    }
    return METHODS.includes(upper) ? upper : text;
  };
  const oneOf = (value, allowed, what) => {
    if (!allowed.includes(value)) throw new TypeError(`Request: ${what}: invalid value "${value}": expected ${allowed.join(', ')}`);
    return value;
  };

  let quiet;
  const never = () => quiet ??= new (native.dom().AbortController)().signal;  // of requests without a signal

  class Request extends Body {
    #target;  // the URL as it was written
    #signal;
    #tags;
    constructor(input, init = {}) {
      if (arguments.length === 0) throw new TypeError('Request: a URL or a Request is expected');
      const from = input instanceof Request ? input : null;
      const method = methodOf(init.method ?? from?.method ?? 'GET');
      const given = init.body !== undefined && init.body !== null;
      if (method === 'GET' || method === 'HEAD') {
        if (given || (init.method !== undefined && from?.body)) throw new TypeError(`Request: ${method} cannot have a body`);
      }
      if (init.signal !== undefined && init.signal !== null && !(init.signal instanceof native.dom().AbortSignal)) {
        throw new TypeError('Request: signal: an AbortSignal is expected');
      }
      const content = given ? extract(init.body) : from ? share(from) : { bytes: null };
      super(content);
      this.#target = from ? from.#target : String(input);
      this.#signal = (init.signal === undefined ? from?.signal : init.signal) ?? never();
      this.#tags = init.tags ?? from?.#tags;
      const headers = new Headers(init.headers ?? from?.headers);
      if (content.type !== undefined && !headers.has('content-type')) headers.set('content-type', content.type);
      const redirect = oneOf(init.redirect ?? from?.redirect ?? 'follow', ['follow', 'error', 'manual'], 'redirect');
      for (const [name, value] of Object.entries({ method, headers, redirect })) {
        Object.defineProperty(this, name, { value, enumerable: true });
      }
    }
    get url() {
      try {
        return new URL(this.#target).href;
      } catch {
        return this.#target;  // which k6/http refuses, as a request that is counted
      }
    }
    get signal() { return this.#signal; }
    clone() { return new Request(this); }
    get [Symbol.toStringTag]() { return 'Request'; }
    static parts(request) { return { target: request.#target, tags: request.#tags }; }
  }
  const partsOf = Request.parts;
  delete Request.parts;

  class Response extends Body {
    constructor(body = null, init = {}) {
      const status = init.status === undefined ? 200 : Number(init.status);
      if (!Number.isInteger(status) || status < 200 || status > 599) {
        throw new RangeError(`Response: status: invalid value ${init.status}: expected 200 to 599`);
      }
      if (body !== null && body !== undefined && [204, 205, 304].includes(status)) {
        throw new TypeError(`Response: a response with the status ${status} has no body`);
      }
      const content = extract(body);
      super(content);
      const headers = new Headers(init.headers);
      if (content.type !== undefined && !headers.has('content-type')) headers.set('content-type', content.type);
      describe(this, { status, statusText: String(init.statusText ?? ''), headers, url: '', redirected: false, type: 'default' });
    }
    get ok() { return this.status >= 200 && this.status <= 299; }
    clone() { return revive(share(this), this); }
    static error() {
      return revive({ bytes: null }, { status: 0, statusText: '', headers: undefined, url: '', redirected: false, type: 'error' });
    }
    static json(data, init = {}) {
      const text = JSON.stringify(data);
      if (text === undefined) throw new TypeError('Response.json: JSON has no such value');
      const response = new Response(text, init);
      if (!new Headers(init.headers).has('content-type')) response.headers.set('content-type', 'application/json');
      return response;
    }
    static redirect(url, status = 302) {
      if (![301, 302, 303, 307, 308].includes(status)) {
        throw new RangeError(`Response.redirect: status: invalid value ${status}: expected 301, 302, 303, 307 or 308`);
      }
      return new Response(null, { status, headers: { location: new URL(url).href } });
    }
    get [Symbol.toStringTag]() { return 'Response'; }
  }
  const describe = (response, facts) => {
    for (const [name, value] of Object.entries(facts)) {
      Object.defineProperty(response, name, { value, enumerable: true, configurable: true });
    }
    return response;
  };
  // A response with any facts, such as one of the network.
  const revive = ({ bytes, stream }, { status, statusText, headers, url, redirected, type }) =>
    describe(new Response(stream ?? bytes), { status, statusText, headers: new Headers(headers), url, redirected, type });

  const send = (method, target, body, params, signal) => new Promise((resolve, reject) => {
    const { promise, id } = native.start(method, target, body, params);
    const stop = () => {
      native.abandon(id);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).then(() => signal.removeEventListener('abort', stop));
  }).catch((error) => {
    throw error === signal.reason ? error : new TypeError(`fetch failed: ${error.message ?? error}`);
  });

  async function fetch(input, init = {}) {
    if (arguments.length === 0) throw new TypeError('fetch: a URL or a Request is expected');
    const request = new Request(input, init ?? {});
    const { signal, redirect } = request;
    const { target, tags } = partsOf(request);
    signal.throwIfAborted();
    const body = await give(request);
    signal.throwIfAborted();
    const params = { headers: Object.fromEntries(request.headers), responseType: 'binary' };
    if (redirect !== 'follow') params.redirects = 0;
    if (tags !== undefined) params.tags = tags;
    const answer = await send(request.method, target, body, params, signal);
    if (answer.status === 0) throw new TypeError(`fetch failed: ${answer.error}`);
    const { headers, redirected } = native.facts(answer);
    const moved = answer.status >= 300 && answer.status <= 399 && answer.headers.Location !== undefined;
    if (redirect === 'error' && moved) throw new TypeError('fetch failed: unexpected redirect');
    return revive({ bytes: answer.body }, {
      status: answer.status,
      statusText: String(answer.status_text ?? '').replace(/^[0-9]+ ?/, ''),
      headers: headers.filter(([name]) => TOKEN.test(name)),
      url: answer.url,
      redirected,
      type: 'basic',
    });
  }

  return { fetch, Headers, Request, Response };
})
