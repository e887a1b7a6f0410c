// URL and URLSearchParams for scripts, after the WHATWG standard; hosts are taken as written, but for their case (no IDNA).
// Evaluates to { URL, URLSearchParams }; run in a VU's context when it first asks for one of them.
(() => {
  const DEFAULT_PORTS = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21', 'file:': '' };
  const isSpecial = (scheme) => Object.hasOwn(DEFAULT_PORTS, scheme);

  const SETS = {
    fragment: ' "<>`',
    query: ' "#<>',
    specialQuery: " \"#'<>",
    path: ' "#<>?`{}',
    user: ' "#<>?`{}/:;=@[\\]^|',
  };

  // Percent-encodes controls, what is not ASCII, and the characters in `unsafe`.
  function escape(text, unsafe) {
    let out = '';
    for (const char of text) {
      const code = char.codePointAt(0);
      if (code > 0x7e || code < 0x20 || unsafe.includes(char)) {
        for (const byte of new TextEncoder().encode(char)) {
          out += '%' + byte.toString(16).toUpperCase().padStart(2, '0');
        }
      } else {
        out += char;
      }
    }
    return out;
  }

  function invalid(text) {
    return new TypeError(`Invalid URL: ${text}`);
  }

  function parsePort(text, scheme, input) {
    if (!/^[0-9]*$/.test(text) || Number(text) > 65535) throw invalid(input);
    const port = text === '' ? '' : String(Number(text));
    return port === DEFAULT_PORTS[scheme] ? '' : port;
  }

  function parseHost(text, special, input) {
    if (/^\[[0-9a-fA-F:.]+\]$/.test(text)) return text.toLowerCase();
    if (special) {
      let host;
      try {
        host = decodeURIComponent(text).toLowerCase();
      } catch {
        throw invalid(input);
      }
      if (host === '' || /[\x00-\x20"#%/:<>?@[\\\]^`{|}\x7f]/.test(host)) throw invalid(input);
      return host;
    }
    if (/[\x00\t\n\r #/:<>?@[\\\]^|]/.test(text)) throw invalid(input);
    return escape(text, '');
  }

  function parseAuthority(parts, text, input) {
    const special = isSpecial(parts.protocol);
    const at = text.lastIndexOf('@');
    if (at >= 0) {
      const login = text.slice(0, at);
      const colon = login.indexOf(':');
      parts.username = escape(colon < 0 ? login : login.slice(0, colon), SETS.user);
      parts.password = colon < 0 ? '' : escape(login.slice(colon + 1), SETS.user);
      text = text.slice(at + 1);
    }
    const port = /:([^\]:]*)$/.exec(text);
    parts.port = port ? parsePort(port[1], parts.protocol, input) : '';
    const host = port ? text.slice(0, port.index) : text;
    parts.hostname = host === '' && (parts.protocol === 'file:' || !special) ? '' : parseHost(host, special, input);
  }

  function cleanPath(path) {
    const out = [];
    const segments = path.split('/');
    segments.forEach((segment, i) => {
      const plain = segment.replace(/%2e/gi, '.');
      const last = i === segments.length - 1;
      if (plain === '..') {
        if (out.length > 1) out.pop();
        if (last) out.push('');
      } else if (plain === '.') {
        if (last) out.push('');
      } else {
        out.push(segment);
      }
    });
    return out.join('/');
  }

  // Takes off the fragment and the query; returns the rest.
  function takeTail(parts, text) {
    const hash = text.indexOf('#');
    parts.hash = hash < 0 ? null : escape(text.slice(hash + 1), SETS.fragment);
    if (hash >= 0) text = text.slice(0, hash);
    const mark = text.indexOf('?');
    const unsafe = isSpecial(parts.protocol) ? SETS.specialQuery : SETS.query;
    parts.query = mark < 0 ? null : escape(text.slice(mark + 1), unsafe);
    return mark < 0 ? text : text.slice(0, mark);
  }

  function parse(input, base) {
    let text = input.replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
    const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text);
    const parts = { protocol: '', username: '', password: '', hostname: null, port: '', path: '', query: null, hash: null };
    if (!scheme && !base) throw invalid(input);
    parts.protocol = scheme ? scheme[1].toLowerCase() + ':' : base.protocol;
    const special = isSpecial(parts.protocol);
    if (scheme) text = text.slice(scheme[0].length);
    text = takeTail(parts, text);
    if (special) text = text.replace(/\\/g, '/');
    const inherits = base && base.protocol === parts.protocol && (!scheme || (special && !text.startsWith('/')));
    if (text.startsWith('//') || (special && scheme && !inherits)) {
      text = parts.protocol === 'file:' ? text.replace(/^\/\//, '') : text.replace(special ? /^\/*/ : /^\/\//, '');
      const slash = text.indexOf('/');
      parseAuthority(parts, slash < 0 ? text : text.slice(0, slash), input);
      text = slash < 0 ? (special ? '/' : '') : text.slice(slash);
    } else if (inherits) {
      if (base.hostname === null && !base.path.startsWith('/')) throw invalid(input);
      for (const key of ['username', 'password', 'hostname', 'port']) parts[key] = base[key];
      if (text === '') {
        parts.path = base.path;
        if (parts.query === null) parts.query = base.query;
        return parts;
      }
      if (!text.startsWith('/')) text = base.path.slice(0, base.path.lastIndexOf('/') + 1) + text;
    } else if (!text.startsWith('/')) {
      parts.path = escape(text, '');  // mailto:x
      return parts;
    }
    parts.path = text === '' ? '' : cleanPath(escape(text, SETS.path));
    return parts;
  }

  const formEscape = (text) =>
    encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text)
      .replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())
      .replace(/%20/g, '+');
  function formUnescape(text) {
    text = text.replace(/\+/g, ' ');
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  class URLSearchParams {
    #pairs = [];
    #changed = null;
    constructor(init = '') {
      if (init !== null && typeof init === 'object') {
        const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init);
        for (const pair of pairs) {
          const [name, value, ...rest] = pair;
          if (value === undefined || rest.length > 0) {
            throw new TypeError('URLSearchParams: each entry must be a pair of name and value');
          }
          this.#pairs.push([String(name), String(value)]);
        }
      } else {
        this.#parse(String(init).replace(/^\?/, ''));
      }
    }
    #parse(text) {
      this.#pairs = text.split('&').filter((part) => part !== '').map((part) => {
        const equals = part.indexOf('=');
        return equals < 0 ? [formUnescape(part), '']
          : [formUnescape(part.slice(0, equals)), formUnescape(part.slice(equals + 1))];
      });
    }
    static bind(query, changed) {
      const params = new URLSearchParams(query);
      params.#changed = changed;
      return params;
    }
    static reset(params, query) {
      params.#parse(query);
    }
    #update() {
      if (this.#changed) this.#changed(this.toString());
    }
    get size() { return this.#pairs.length; }
    append(name, value) { this.#pairs.push([String(name), String(value)]); this.#update(); }
    delete(name, value) {
      this.#pairs = this.#pairs.filter(([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)));
      this.#update();
    }
    get(name) { return this.#pairs.find(([n]) => n === String(name))?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter(([n]) => n === String(name)).map(([, v]) => v); }
    has(name, value) {
      return this.#pairs.some(([n, v]) => n === String(name) && (value === undefined || v === String(value)));
    }
    set(name, value) {
      const at = this.#pairs.findIndex(([n]) => n === String(name));
      if (at < 0) {
        this.#pairs.push([String(name), String(value)]);
      } else {
        this.#pairs[at][1] = String(value);
        this.#pairs = this.#pairs.filter(([n], i) => i <= at || n !== String(name));
      }
      this.#update();
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#update();
    }
    forEach(callback, self) {
      for (const [name, value] of this.#pairs) callback.call(self, value, name, this);
    }
    *entries() { for (const [name, value] of this.#pairs) yield [name, value]; }
    *keys() { for (const [name] of this.#pairs) yield name; }
    *values() { for (const [, value] of this.#pairs) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([n, v]) => `${formEscape(n)}=${formEscape(v)}`).join('&'); }
    get [Symbol.toStringTag]() { return 'URLSearchParams'; }
  }
  const { bind, reset } = URLSearchParams;
  delete URLSearchParams.bind;
  delete URLSearchParams.reset;

  class URL {
    #parts;
    #params = null;
    constructor(url, base) {
      this.#parts = parse(String(url), base === undefined ? null : parse(String(base), null));
    }
    static canParse(url, base) {
      try {
        return Boolean(new URL(url, base));
      } catch {
        return false;
      }
    }
    #setQuery(query) {
      this.#parts.query = query === '' ? null : query;
    }
    get href() {
      const { protocol, path, query, hash, hostname } = this.#parts;
      const authority = hostname === null ? '' : `//${this.#login()}${this.host}`;
      return `${protocol}${authority}${path}${query === null ? '' : '?' + query}${hash === null ? '' : '#' + hash}`;
    }
    #login() {
      const { username, password } = this.#parts;
      return username === '' && password === '' ? '' : `${username}${password === '' ? '' : ':' + password}@`;
    }
    set href(value) {
      this.#parts = parse(String(value), null);
      if (this.#params) reset(this.#params, this.#parts.query ?? '');
    }
    get origin() {
      const { protocol } = this.#parts;
      return isSpecial(protocol) && protocol !== 'file:' ? `${protocol}//${this.host}` : 'null';
    }
    get protocol() { return this.#parts.protocol; }
    set protocol(value) {
      const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):?/.exec(String(value));
      const next = scheme && scheme[1].toLowerCase() + ':';
      if (next && isSpecial(next) === isSpecial(this.#parts.protocol)) {
        this.#parts.protocol = next;
        if (this.#parts.port === DEFAULT_PORTS[next]) this.#parts.port = '';
      }
    }
    get username() { return this.#parts.username; }
    set username(value) { this.#parts.username = escape(String(value), SETS.user); }
    get password() { return this.#parts.password; }
    set password(value) { this.#parts.password = escape(String(value), SETS.user); }
    get hostname() { return this.#parts.hostname ?? ''; }
    set hostname(value) { this.#parts.hostname = parseHost(String(value), isSpecial(this.#parts.protocol), String(value)); }
    get port() { return this.#parts.port; }
    set port(value) { this.#parts.port = parsePort(String(value), this.#parts.protocol, String(value)); }
    get host() { return this.hostname + (this.#parts.port === '' ? '' : ':' + this.#parts.port); }
    set host(value) {
      const port = /:([0-9]*)$/.exec(String(value));
      this.hostname = port ? String(value).slice(0, port.index) : String(value);
      if (port) this.port = port[1];
    }
    get pathname() { return this.#parts.path; }
    set pathname(value) {
      const path = escape(String(value), SETS.path);
      this.#parts.path = cleanPath(path.startsWith('/') ? path : '/' + path);
    }
    get search() { return this.#parts.query ? '?' + this.#parts.query : ''; }
    set search(value) {
      const query = String(value).replace(/^\?/, '');
      this.#setQuery(escape(query, isSpecial(this.#parts.protocol) ? SETS.specialQuery : SETS.query));
      if (this.#params) reset(this.#params, query);
    }
    get searchParams() {
      this.#params ??= bind(this.#parts.query ?? '', (query) => this.#setQuery(query));
      return this.#params;
    }
    get hash() { return this.#parts.hash ? '#' + this.#parts.hash : ''; }
    set hash(value) {
      const hash = String(value).replace(/^#/, '');
      this.#parts.hash = hash === '' ? null : escape(hash, SETS.fragment);
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
    get [Symbol.toStringTag]() { return 'URL'; }
  }

  return { URL, URLSearchParams };
})()
