// URL and URLSearchParams for scripts, as the WHATWG URL standard has them. Evaluates to the function
// (toAscii) => { URL, URLSearchParams }, run in a VU's context when it first asks for one of them; toAscii turns a
// domain with characters outside ASCII, or with labels that encode such, into ASCII, or into null if it is none.
//
// A parsed URL is { protocol, username, password, hostname, port, path, query, hash }: `protocol` with its colon; `hostname`
// null where there is no authority; `path` an array of segments, or a string where it is opaque (mailto:x); `query` and
// `hash` null where they are missing. Failure is null.
(toAscii) => {
  const DEFAULT_PORTS = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21', 'file:': '' };
  const isSpecial = (protocol) => Object.prototype.hasOwnProperty.call(DEFAULT_PORTS, protocol);

  // The standard's percent-encode sets: what to encode besides controls and what is not ASCII.
  const encodeSet = (characters) => new RegExp(`[^\\x20-\\x7e]|[${characters.replace(/[\]\\^]/g, '\\$&')}]`, 'gu');
  const OPAQUE = /[^\x20-\x7e]/gu;
  const FRAGMENT = encodeSet(' "<>`');
  const QUERY = encodeSet(' "#<>');
  const SPECIAL_QUERY = encodeSet(' "#<>\'');
  const PATH = encodeSet(' "#<>?`{}');
  const USER = encodeSet(' "#<>?`{}/:;=@[\\]^|');

  const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, '\ufffd');
  const encode = (text, set) => text.replace(set, (c) => (c < '\x80'
    ? '%' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0') : encodeURIComponent(wellFormed(c))));

  // Undoes percent-encoding; bytes that are not UTF-8 become U+FFFD.
  function decode(text) {
    if (!text.includes('%')) return text;
    try {
      return decodeURIComponent(text);
    } catch {
      const bytes = text.match(/%[0-9a-f]{2}|[^%]+|%/gi).flatMap((part) => (part.length === 3 && part[0] === '%'
        ? parseInt(part.slice(1), 16) : [...new TextEncoder().encode(part)]));
      return new TextDecoder().decode(new Uint8Array(bytes));
    }
  }

  function parsePort(text, protocol) {
    if (!/^[0-9]*$/.test(text) || Number(text) > 65535) return null;
    const port = text === '' ? '' : String(Number(text));
    return port === DEFAULT_PORTS[protocol] ? '' : port;
  }

  // "192.0.2.1" for all the ways to write that address; null if a part is too large or no number.
  function parseIpv4(host) {
    const parts = host.replace(/\.$/, '').split('.');
    if (parts.length > 4) return null;
    const numbers = parts.map((part) => {
      if (/^0x[0-9a-f]*$/i.test(part)) return part.length === 2 ? 0 : Number(part);
      if (/^0[0-7]+$/.test(part)) return parseInt(part, 8);
      return /^(0|[1-9][0-9]*)$/.test(part) ? Number(part) : NaN;
    });
    const last = numbers.pop();
    if (numbers.some((n) => !(n < 256)) || !(last < 256 ** (4 - numbers.length))) return null;
    let address = last;
    numbers.forEach((n, i) => { address += n * 256 ** (3 - i); });
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
  }

  // The shortest form of an IPv6 address, or null.
  function parseIpv6(text) {
    const v4 = /^(.*:)((?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4})$/.exec(text);
    if (v4) {
      const [a, b, c, d] = v4[2].split('.').map(Number);
      text = v4[1] + (a * 256 + b).toString(16) + ':' + (c * 256 + d).toString(16);
    }
    const halves = text.split('::');
    const pieces = halves.map((half) => (half === '' ? [] : half.split(':')));
    const count = pieces.flat().length;
    if (halves.length > 2 || (halves.length === 2 ? count > 7 : count !== 8)) return null;
    if (!pieces.flat().every((piece) => /^[0-9a-f]{1,4}$/i.test(piece))) return null;
    const all = halves.length === 1 ? pieces[0] : [...pieces[0], ...Array(8 - count).fill('0'), ...pieces[1]];
    const short = all.map((piece) => parseInt(piece, 16).toString(16)).join(':');
    const zeros = short.match(/\b0(:0)+\b/g);
    if (!zeros) return short;
    const longest = zeros.reduce((a, b) => (b.length > a.length ? b : a));
    return short.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
  }

  function parseHost(text, special) {
    if (text.startsWith('[')) {
      const address = text.endsWith(']') ? parseIpv6(text.slice(1, -1)) : null;
      return address === null ? null : `[${address}]`;
    }
    if (!special) return /[\x00\t\n\r #/:<>?@[\\\]^|]/.test(text) ? null : encode(text, OPAQUE);
    const domain = decode(text);
    const host = /^[\x00-\x7f]*$/.test(domain) && !/(^|\.)xn--/i.test(domain) ? domain.toLowerCase() : toAscii(domain);
    if (!host || /[\x00-\x20#%/:<>?@[\\\]^|\x7f]/.test(host)) return null;
    return /(^|\.)([0-9]+|0x[0-9a-f]*)\.?$/.test(host) ? parseIpv4(host) : host;
  }

  // Sets user, host and port; false if they are none.
  function setAuthority(url, text) {
    const at = text.lastIndexOf('@');
    if (at >= 0) {
      const [, user, password] = /^([^:]*):?([^]*)$/.exec(text.slice(0, at));
      url.username = encode(user, USER);
      url.password = encode(password, USER);
      text = text.slice(at + 1);
    }
    const [, host, port] = /^((?:\[[^\]]*\]?|[^[:])*)(?::([^]*))?$/.exec(text) ?? [];
    if (host === undefined || (host === '' && (isSpecial(url.protocol) || at >= 0 || port !== undefined))) return false;
    url.hostname = parseHost(host, isSpecial(url.protocol));
    url.port = parsePort(port ?? '', url.protocol);
    return url.hostname !== null && url.port !== null;
  }

  const isDrive = (segment) => /^[a-zA-Z][:|]$/.test(segment);
  function shorten(url) {
    if (!(url.protocol === 'file:' && url.path.length === 1 && /^[a-zA-Z]:$/.test(url.path[0]))) url.path.pop();
  }

  // Appends the segments of `text`, which stands behind a slash.
  function appendPath(url, text) {
    const segments = text.split('/');
    segments.forEach((segment, i) => {
      const last = i === segments.length - 1;
      const plain = segment.length <= 6 ? segment.replace(/%2e/gi, '.') : segment;
      if (plain === '..') shorten(url);
      if (plain === '..' || plain === '.') {
        if (last) url.path.push('');
      } else if (url.protocol === 'file:' && url.path.length === 0 && isDrive(segment)) {
        url.path.push(segment[0] + ':');
      } else {
        url.path.push(encode(segment, PATH));
      }
    });
  }

  // What follows the authority.
  function setPath(url, text) {
    if (text !== '' || isSpecial(url.protocol)) appendPath(url, text.replace(/^\//, ''));
  }

  function parseFile(url, text, base) {
    url.hostname = '';
    if (text.startsWith('//')) {
      const [host] = /^[^/]*/.exec(text.slice(2));
      if (isDrive(host)) {
        appendPath(url, text.slice(2));
        return true;
      }
      const parsed = host === '' ? '' : parseHost(host, true);
      url.hostname = parsed === 'localhost' ? '' : parsed;
      setPath(url, text.slice(2 + host.length));
      return parsed !== null;
    }
    const drive = /^\/?[a-zA-Z][:|](\/|$)/.test(text);
    if (base?.protocol === 'file:') {
      url.hostname = base.hostname;
      if (!text.startsWith('/')) {
        if (!drive) url.path = [...base.path];
        if (text === '') {
          url.query ??= base.query;
          return true;
        }
        shorten(url);
      } else if (!drive && /^[a-zA-Z]:$/.test(base.path[0])) {
        url.path = [base.path[0]];
      }
    }
    appendPath(url, text.replace(/^\//, ''));
    return true;
  }

  function parseRelative(url, text, base) {
    for (const key of ['username', 'password', 'hostname', 'port']) url[key] = base[key];
    if (text.startsWith('/')) {
      appendPath(url, text.slice(1));
      return;
    }
    url.path = [...base.path];
    if (text === '') {
      url.query ??= base.query;
    } else {
      shorten(url);
      appendPath(url, text);
    }
  }

  function parse(input, base) {
    let text = input.replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
    const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text);
    if (!scheme && !base) return null;
    const protocol = scheme ? scheme[1].toLowerCase() + ':' : base.protocol;
    const special = isSpecial(protocol);
    const url = { protocol, username: '', password: '', hostname: null, port: '', path: [], query: null, hash: null };
    [, text, url.query, url.hash] = /^([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(scheme ? text.slice(scheme[0].length) : text);
    url.query = url.query === undefined ? null : encode(url.query, special ? SPECIAL_QUERY : QUERY);
    url.hash = url.hash === undefined ? null : encode(url.hash, FRAGMENT);
    if (special) text = text.replaceAll('\\', '/');
    if (!scheme && typeof base.path === 'string') {
      return text === '' && url.query === null && url.hash !== null ? { ...base, hash: url.hash } : null;
    }
    if (protocol === 'file:') return parseFile(url, text, base) ? url : null;
    const inherits = !scheme || (special && base?.protocol === protocol);
    if (text.startsWith('//') || (special && !inherits)) {
      const [, authority, path] = /^([^/]*)([^]*)$/.exec(text.replace(special ? /^\/*/ : /^\/\//, ''));
      if (!setAuthority(url, authority)) return null;
      setPath(url, path);
    } else if (inherits) {
      parseRelative(url, text, base);
    } else if (text.startsWith('/')) {
      appendPath(url, text.slice(1));
    } else {
      url.path = encode(text, OPAQUE);
    }
    return url;
  }

  const pathOf = ({ path }) => (typeof path === 'string' ? path : path.map((segment) => '/' + segment).join(''));
  const invalid = (text) => new TypeError(`Invalid URL: ${text}`);
  function parseOrThrow(text, base) {
    const url = parse(text, base);
    if (url === null) throw invalid(text);
    return url;
  }

  const formEncode = (text) => encodeURIComponent(wellFormed(text))
    .replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, '+');
  const formDecode = (text) => decode(text.replaceAll('+', ' '));

  // As the web's texts are: what is half of a pair of surrogates is replaced.
  const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const textOf = (value) => String(value).replace(LONE, '\ufffd');

  class URLSearchParams {
    #pairs = [];
    #changed = null;
    constructor(init = '') {
      if (init !== null && (typeof init === 'object' || typeof init === 'function')) {
        const listed = typeof init[Symbol.iterator] === 'function';
        for (const pair of listed ? init : Object.entries(init)) {
          const [name, value, ...rest] = pair;
          if (value === undefined || rest.length > 0) {
            throw new TypeError('URLSearchParams: each entry must be a pair of name and value');
          }
          // Names of properties that have become the same are one.
          const same = listed ? undefined : this.#pairs.find(([n]) => n === textOf(name));
          if (same) same[1] = textOf(value); else this.#pairs.push([textOf(name), textOf(value)]);
        }
      } else {
        this.#parse(String(init).replace(/^\?/, ''));
      }
    }
    #parse(text) {
      this.#pairs = text.split('&').filter((part) => part !== '').map((part) => {
        const equals = part.indexOf('=');
        return equals < 0 ? [formDecode(part), '']
          : [formDecode(part.slice(0, equals)), formDecode(part.slice(equals + 1))];
      });
    }
    static bind(query, changed) {
      const params = new URLSearchParams();
      params.#parse(query);  // which may begin with a "?" of its own
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
    append(name, value) { this.#pairs.push([textOf(name), textOf(value)]); this.#update(); }
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
        this.#pairs.push([textOf(name), textOf(value)]);
      } else {
        this.#pairs[at][1] = textOf(value);
        this.#pairs = this.#pairs.filter(([n], i) => i <= at || n !== String(name));
      }
      this.#update();
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#update();
    }
    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }
    // What is changed on the way is seen.
    *entries() { for (let i = 0; i < this.#pairs.length; ++i) yield [...this.#pairs[i]]; }
    *keys() { for (const [name] of this) yield name; }
    *values() { for (const [, value] of this) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([n, v]) => `${formEncode(n)}=${formEncode(v)}`).join('&'); }
    get [Symbol.toStringTag]() { return 'URLSearchParams'; }
  }
  const { bind, reset } = URLSearchParams;
  delete URLSearchParams.bind;
  delete URLSearchParams.reset;

  class URL {
    #url;
    #params = null;
    constructor(url, base) {
      this.#url = parseOrThrow(String(url), base === undefined ? null : parseOrThrow(String(base), null));
    }
    static canParse(url, base) {
      try {
        return Boolean(new URL(url, base));
      } catch {
        return false;
      }
    }
    // Neither user, password nor port can be set.
    #isBare() { return !this.#url.hostname || this.#url.protocol === 'file:'; }
    #setQuery(query) {
      this.#url.query = query === '' ? null : query;
      this.#trim();
    }
    // Spaces at the end of a path that is one text would be lost when it is parsed again.
    #trim() {
      const { path, query, hash } = this.#url;
      if (typeof path === 'string' && query === null && hash === null) this.#url.path = path.replace(/ +$/, '');
    }
    #login() {
      const { username, password } = this.#url;
      return username === '' && password === '' ? '' : `${username}${password === '' ? '' : ':' + password}@`;
    }
    get href() {
      const { protocol, path, query, hash, hostname } = this.#url;
      // Without an authority, a path must not look like one.
      const guard = path.length > 1 && path[0] === '' ? '/.' : '';
      const authority = hostname === null ? guard : `//${this.#login()}${this.host}`;
      return `${protocol}${authority}${pathOf(this.#url)}${query === null ? '' : '?' + query}${hash === null ? '' : '#' + hash}`;
    }
    set href(value) {
      this.#url = parseOrThrow(String(value), null);
      if (this.#params) reset(this.#params, this.#url.query ?? '');
    }
    get origin() {
      const { protocol } = this.#url;
      if (protocol === 'blob:') {
        const inner = parse(pathOf(this.#url), null);
        return inner && /^https?:$/.test(inner.protocol) ? new URL(pathOf(this.#url)).origin : 'null';
      }
      return isSpecial(protocol) && protocol !== 'file:' ? `${protocol}//${this.host}` : 'null';
    }
    get protocol() { return this.#url.protocol; }
    set protocol(value) {
      const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*)(:|$)/.exec(String(value).replace(/[\t\n\r]/g, ''));
      const { protocol, hostname, port } = this.#url;
      const next = scheme && scheme[1].toLowerCase() + ':';
      if (!next || isSpecial(next) !== isSpecial(protocol) || (protocol === 'file:' && hostname === '') ||
          (next === 'file:' && (this.#login() !== '' || port !== ''))) return;
      this.#url.protocol = next;
      if (port === DEFAULT_PORTS[next]) this.#url.port = '';
    }
    get username() { return this.#url.username; }
    set username(value) { if (!this.#isBare()) this.#url.username = encode(String(value), USER); }
    get password() { return this.#url.password; }
    set password(value) { if (!this.#isBare()) this.#url.password = encode(String(value), USER); }
    // Takes `text` up to where a host ends; with `port`, a port behind it too.
    #setHost(text, withPort) {
      const { protocol, path } = this.#url;
      if (typeof path === 'string') return;
      const special = isSpecial(protocol);
      [text] = (special ? /^[^/?#\\]*/ : /^[^/?#]*/).exec(text.replace(/[\t\n\r]/g, ''));
      const [, host, port] = protocol === 'file:' ? [, text] : /^((?:\[[^\]]*\]?|[^[:])*)(?::([^]*))?$/.exec(text) ?? [];
      if (host === undefined || (port !== undefined && !withPort) || (host === '' && protocol !== 'file:' &&
          (special || port !== undefined || this.#login() !== '' || this.#url.port !== ''))) return;
      const hostname = host === '' ? '' : parseHost(host, special);
      if (hostname === null) return;
      this.#url.hostname = protocol === 'file:' && hostname === 'localhost' ? '' : hostname;
      if (withPort && port) this.port = port;
    }
    get hostname() { return this.#url.hostname ?? ''; }
    set hostname(value) { this.#setHost(String(value), false); }
    get host() { return this.hostname + (this.#url.port === '' ? '' : ':' + this.#url.port); }
    set host(value) { this.#setHost(String(value), true); }
    get port() { return this.#url.port; }
    set port(value) {
      const [digits] = /^[0-9]*/.exec(String(value).replace(/[\t\n\r]/g, ''));
      if (this.#isBare() || (digits === '' && value !== '')) return;
      this.#url.port = parsePort(digits, this.#url.protocol) ?? this.#url.port;
    }
    get pathname() { return pathOf(this.#url); }
    set pathname(value) {
      if (typeof this.#url.path === 'string') return;
      const text = String(value).replace(/[\t\n\r]/g, '');
      this.#url.path = [];
      setPath(this.#url, isSpecial(this.#url.protocol) ? text.replaceAll('\\', '/') : text);
      if (this.#url.hostname === null && this.#url.path.length === 0) this.#url.path = [''];
    }
    get search() { return this.#url.query ? '?' + this.#url.query : ''; }
    set search(value) {
      const query = String(value).replace(/^\?/, '').replace(/[\t\n\r]/g, '');
      this.#url.query = String(value) === '' ? null : encode(query, isSpecial(this.#url.protocol) ? SPECIAL_QUERY : QUERY);
      this.#trim();
      if (this.#params) reset(this.#params, query);
    }
    get searchParams() {
      this.#params ??= bind(this.#url.query ?? '', (query) => this.#setQuery(query));
      return this.#params;
    }
    get hash() { return this.#url.hash ? '#' + this.#url.hash : ''; }
    set hash(value) {
      const hash = String(value).replace(/^#/, '').replace(/[\t\n\r]/g, '');
      this.#url.hash = String(value) === '' ? null : encode(hash, FRAGMENT);
      this.#trim();
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
    get [Symbol.toStringTag]() { return 'URL'; }
  }

  return { URL, URLSearchParams };
}
