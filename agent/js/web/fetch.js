// fetch for scripts, on top of k6/http: the same connections, metrics, tags and limits. Bodies are texts and bytes, there
// are no streams. Evaluates to the function (http) => { fetch, Headers, Response }.
((http) => {
  class Headers {
    #map = new Map();
    constructor(init) {
      if (init === undefined || init === null) return;
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      for (const [name, value] of pairs) this.append(name, value);
    }
    append(name, value) {
      const key = String(name).toLowerCase();
      const known = this.#map.get(key);
      this.#map.set(key, known === undefined ? String(value) : `${known}, ${value}`);
    }
    delete(name) { this.#map.delete(String(name).toLowerCase()); }
    get(name) { return this.#map.get(String(name).toLowerCase()) ?? null; }
    has(name) { return this.#map.has(String(name).toLowerCase()); }
    set(name, value) { this.#map.set(String(name).toLowerCase(), String(value)); }
    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }
    entries() { return [...this.#map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))[Symbol.iterator](); }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return 'Headers'; }
  }

  const bytesOf = (body) => {
    if (body === null || body === undefined) return new ArrayBuffer(0);
    if (body instanceof ArrayBuffer) return body;
    if (ArrayBuffer.isView(body)) return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);
    return new TextEncoder().encode(String(body)).buffer;
  };

  class Response {
    #body;
    #used = false;
    constructor(body = null, init = {}) {
      this.#body = bytesOf(body);
      this.status = init.status ?? 200;
      this.statusText = init.statusText ?? '';
      this.headers = new Headers(init.headers);
      this.url = init.url ?? '';
      this.redirected = init.redirected ?? false;
      this.type = 'default';
    }
    get ok() { return this.status >= 200 && this.status <= 299; }
    get bodyUsed() { return this.#used; }
    #take() {
      if (this.#used) throw new TypeError('the body has been read already');
      this.#used = true;
      return this.#body;
    }
    async arrayBuffer() { return this.#take(); }
    async bytes() { return new Uint8Array(this.#take()); }
    async text() { return new TextDecoder().decode(this.#take()); }
    async json() { return JSON.parse(await this.text()); }
    clone() {
      if (this.#used) throw new TypeError('the body has been read already');
      return new Response(this.#body.slice(0), this);
    }
  }

  async function fetch(resource, init = {}) {
    const method = String(init.method ?? 'GET').toUpperCase();
    const headers = new Headers(init.headers);
    let body = init.body ?? null;
    if (body !== null && typeof body === 'object' && Object.prototype.toString.call(body) === '[object URLSearchParams]') {
      if (!headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
      body = String(body);
    } else if (ArrayBuffer.isView(body)) {
      body = bytesOf(body);
    } else if (body !== null && !(body instanceof ArrayBuffer)) {
      if (!headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
      body = String(body);
    }
    const redirect = init.redirect ?? 'follow';
    const params = { headers: Object.fromEntries(headers), responseType: 'binary' };
    if (redirect !== 'follow') params.redirects = 0;
    if (init.tags !== undefined) params.tags = init.tags;
    let answer;
    try {
      answer = await http.asyncRequest(method, String(resource), body, params);
    } catch (error) {
      throw new TypeError(`fetch failed: ${error.message ?? error}`);
    }
    if (answer.status === 0) throw new TypeError(`fetch failed: ${answer.error}`);
    if (redirect === 'error' && answer.status >= 300 && answer.status <= 399 && answer.headers.Location !== undefined) {
      throw new TypeError('fetch failed: unexpected redirect');
    }
    return new Response(answer.body, {
      status: answer.status,
      statusText: String(answer.status_text ?? '').replace(/^[0-9]+ /, ''),
      headers: answer.headers,
      url: answer.url,
      redirected: answer.url !== String(resource) && redirect === 'follow',
    });
  }

  return { fetch, Headers, Response };
})
