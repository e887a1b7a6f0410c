// `k6/html` as JavaScript: the class Selection and its CSS selectors, over the tree that html.cc parses.
// Evaluates to (parse) => ({ parseHTML, Selection, html, submitForm, clickLink }). parse(text) gives a tree of nodes:
// { tag, attrs, kids, up, text }, where text nodes have only `text` and `up`. The last three take the exports of
// `k6/http`, a Response and an argument.
(function (parse) {
  const isElement = (node) => node !== null && node !== undefined && node.tag !== undefined;
  const elements = (node) => node.kids.filter(isElement);
  const textOf = (node) => (isElement(node) ? node.kids.map(textOf).join('') : node.text);
  const walk = (node, visit) => { for (const kid of elements(node)) { visit(kid); walk(kid, visit); } };
  const ancestors = (node) => { const list = []; for (let at = node.up; at && at.tag !== '#root'; at = at.up) list.push(at); return list; };
  const unique = (list) => [...new Set(list)];
  const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
  const escape = (text, which) => text.replace(which, (c) => escapes[c]);
  const voids = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);
  const raw = new Set(['script', 'style', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext']);
  const outer = (node) => {
    if (!isElement(node)) return raw.has(node.up.tag) ? node.text : escape(node.text, /[&<>"']/g);
    const attrs = Object.entries(node.attrs).map(([k, v]) => ` ${k}="${escape(v, /[&<>"']/g)}"`).join('');
    return voids.has(node.tag) ? `<${node.tag}${attrs}/>` : `<${node.tag}${attrs}>${inner(node)}</${node.tag}>`;
  };
  const inner = (node) => node.kids.map(outer).join('');

  // ---- selectors: a list of complex selectors, each a list of [combinator, [test, ...]] ----
  const fail = (text) => { throw new Error(`invalid selector: ${text}`); };
  const nth = (formula, index) => {
    const text = formula.trim().toLowerCase();
    if (text === 'odd') return index % 2 === 1;
    if (text === 'even') return index % 2 === 0;
    const m = /^([+-]?\d*)n\s*([+-]\s*\d+)?$/.exec(text);
    if (!m) return Number(text) === index;
    const a = m[1] === '' || m[1] === '+' ? 1 : m[1] === '-' ? -1 : Number(m[1]);
    const b = m[2] ? Number(m[2].replace(/\s/g, '')) : 0;
    return a === 0 ? index === b : (index - b) / a >= 0 && Number.isInteger((index - b) / a);
  };
  const place = (node, last, sameTag) => {
    const all = elements(node.up).filter((n) => !sameTag || n.tag === node.tag);
    return last ? all.length - all.indexOf(node) : all.indexOf(node) + 1;
  };
  const pseudo = (name, argument, text) => {
    switch (name) {
      case 'first-child': return (n) => place(n, false, false) === 1;
      case 'last-child': return (n) => place(n, true, false) === 1;
      case 'only-child': return (n) => elements(n.up).length === 1;
      case 'first-of-type': return (n) => place(n, false, true) === 1;
      case 'last-of-type': return (n) => place(n, true, true) === 1;
      case 'only-of-type': return (n) => elements(n.up).filter((k) => k.tag === n.tag).length === 1;
      case 'nth-child': return (n) => nth(argument, place(n, false, false));
      case 'nth-last-child': return (n) => nth(argument, place(n, true, false));
      case 'nth-of-type': return (n) => nth(argument, place(n, false, true));
      case 'nth-last-of-type': return (n) => nth(argument, place(n, true, true));
      case 'empty': return (n) => n.kids.length === 0;
      case 'root': return (n) => n.up.tag === '#root';
      case 'checked': return (n) => 'checked' in n.attrs || 'selected' in n.attrs;
      case 'disabled': return (n) => 'disabled' in n.attrs;
      case 'enabled': return (n) => !('disabled' in n.attrs);
      case 'input': return (n) => ['input', 'select', 'textarea', 'button'].includes(n.tag);
      case 'not': { const list = compile(argument); return (n) => !list.some((s) => matches(n, s)); }
      case 'is': case 'matches': { const list = compile(argument); return (n) => list.some((s) => matches(n, s)); }
      case 'has': { const list = compile(argument); return (n) => { let found = false; walk(n, (k) => { found = found || list.some((s) => matches(k, s)); }); return found; }; }
      case 'contains': { const wanted = argument.trim().replace(/^(['"])(.*)\1$/, '$2'); return (n) => textOf(n).includes(wanted); }
      default: return fail(text);
    }
  };
  const attribute = (name, operator, value) => (n) => {
    const own = n.attrs[name.toLowerCase()];
    if (own === undefined) return operator === '!=';
    switch (operator) {
      case undefined: return true;
      case '=': return own === value;
      case '!=': return own !== value;
      case '~=': return own.split(/\s+/).includes(value);
      case '|=': return own === value || own.startsWith(`${value}-`);
      case '^=': return value !== '' && own.startsWith(value);
      case '$=': return value !== '' && own.endsWith(value);
      default: return value !== '' && own.includes(value);
    }
  };
  const cache = new Map();
  const compile = (text) => {
    if (cache.has(text)) return cache.get(text);
    const list = [];
    let at = 0;
    const take = (pattern) => { pattern.lastIndex = at; const m = pattern.exec(text); if (m) at = pattern.lastIndex; return m; };
    const ident = /(?:[\w-]|[^\x00-\x7f]|\\.)+/y;
    const plain = (m) => m[0].replace(/\\(.)/g, '$1');
    const bracket = () => {
      let depth = 1; const start = at;
      while (at < text.length && depth > 0) { if (text[at] === '(') depth++; if (text[at] === ')') depth--; at++; }
      if (depth > 0) fail(text);
      return text.slice(start, at - 1);
    };
    const simple = () => {
      const c = text[at];
      let m;
      if (c === '*') { at++; return () => true; }
      if (c === '#' || c === '.') {
        at++; m = take(ident) || fail(text); const name = plain(m);
        return c === '#' ? (n) => n.attrs.id === name : (n) => (n.attrs.class || '').split(/\s+/).includes(name);
      }
      if (c === '[') {
        m = take(/\[\s*([\w:-]+)\s*(?:([~|^$*!]?=)\s*(?:"([^"]*)"|'([^']*)'|([^\]\s]+))\s*)?\]/y) || fail(text);
        return attribute(m[1], m[2], m[3] ?? m[4] ?? m[5] ?? '');
      }
      if (c === ':') {
        at++; m = take(ident) || fail(text); const name = plain(m).toLowerCase(); let argument;
        if (text[at] === '(') { at++; argument = bracket(); }
        return pseudo(name, argument, text);
      }
      m = take(ident) || fail(text); const tag = plain(m).toLowerCase();
      return (n) => n.tag === tag;
    };
    const complex = [];
    let current = complex, combinator = ' ';
    take(/\s*/y);
    if (at >= text.length) fail(text);
    for (;;) {
      const tests = [simple()];
      while (at < text.length && !/[\s>+~,]/.test(text[at])) tests.push(simple());
      current.push([combinator, tests]);
      const m = take(/\s*([>+~,])\s*|\s+/y);
      if (m && m[1] === ',') { list.push(current); current = []; combinator = ' '; }
      else if (m && at < text.length) combinator = m[1] || ' ';
      else if (at >= text.length && !(m && m[1])) break;
      else fail(text);
    }
    list.push(current);
    cache.set(text, list);
    return list;
  };
  const matches = (node, complex, from = complex.length - 1) => {
    if (!isElement(node) || node.tag === '#root') return false;
    const [combinator, tests] = complex[from];
    if (!tests.every((test) => test(node))) return false;
    if (from === 0) return true;
    if (combinator === '>') return matches(node.up, complex, from - 1);
    if (combinator === ' ') return ancestors(node).some((up) => matches(up, complex, from - 1));
    const before = elements(node.up).slice(0, elements(node.up).indexOf(node));
    return combinator === '+' ? before.length > 0 && matches(before.at(-1), complex, from - 1)
      : before.some((b) => matches(b, complex, from - 1));
  };

  // Whether a node passes what a script gave: a selector, a function, a Selection, a node.
  const tester = (given) => {
    if (typeof given === 'string') { const list = compile(given); return (n) => list.some((s) => matches(n, s)); }
    if (typeof given === 'function') return (n, i) => given.call(n, i, new Element(n));
    if (given instanceof Selection) return (n) => given.nodes.includes(n);
    if (given instanceof Element) return (n) => n === given.node;
    throw new TypeError('a selector, a function, a Selection or an Element is expected');
  };
  const convert = (text) => {
    if (text === 'true') return true;
    if (text === 'false') return false;
    if (text === 'null') return null;
    if (text !== '' && String(Number(text)) === text) return Number(text);
    if (/^[[{]/.test(text)) { try { return JSON.parse(text); } catch { return text; } }
    return text;
  };
  const camel = (name) => name.replace(/-(\w)/g, (_, c) => c.toUpperCase());
  const valueOf = (node) => {
    if (!node) return undefined;
    if (node.tag === 'textarea') return textOf(node);
    if (node.tag === 'option') return node.attrs.value ?? textOf(node).trim();
    if (node.tag === 'select') {
      const options = []; walk(node, (n) => { if (n.tag === 'option') options.push(n); });
      const chosen = options.filter((o) => 'selected' in o.attrs);
      if ('multiple' in node.attrs) return chosen.map(valueOf);
      return chosen.length > 0 ? valueOf(chosen.at(-1)) : options.length > 0 ? valueOf(options[0]) : undefined;
    }
    return node.attrs.value;
  };

  class Element {
    constructor(node) { Object.defineProperty(this, 'node', { value: node }); }
    nodeName() { return this.node.tag; }
    tagName() { return this.node.tag.toUpperCase(); }
    id() { return this.node.attrs.id ?? ''; }
    className() { return this.node.attrs.class ?? ''; }
    textContent() { return textOf(this.node); }
    innerHTML() { return inner(this.node); }
    getAttribute(name) { return this.node.attrs[name]; }
    hasAttribute(name) { return name in this.node.attrs; }
    attributes() { return { ...this.node.attrs }; }
    value() { return valueOf(this.node); }
    selection() { return new Selection([this.node]); }
    toString() { return outer(this.node); }
  }

  class Selection {
    constructor(nodes, before, url) {
      Object.defineProperty(this, 'nodes', { value: nodes });
      Object.defineProperty(this, 'before', { value: before });
      Object.defineProperty(this, 'url', { value: url ?? (before && before.url) ?? '' });
    }
    #make(nodes) { return new Selection(unique(nodes), this); }
    #pick(nodes, given) { return this.#make(given === undefined ? nodes : nodes.filter(tester(given))); }
    #flat(each) { return this.nodes.filter(isElement).flatMap(each); }
    find(given) {
      const test = tester(given), found = [];
      for (const node of this.nodes.filter(isElement)) walk(node, (n) => { if (test(n, found.length)) found.push(n); });
      return this.#make(found);
    }
    add(given) { return this.#make([...this.nodes, ...(typeof given === 'string' ? [] : given instanceof Selection ? given.nodes : [given.node])]); }
    attr(name, fallback) { const n = this.nodes.find(isElement); return n ? n.attrs[String(name).toLowerCase()] ?? fallback : fallback; }
    children(given) { return this.#pick(this.#flat(elements), given); }
    contents() { return this.#make(this.#flat((n) => n.kids)); }
    closest(given) { const test = tester(given); return this.#make(this.#flat((n) => [n, ...ancestors(n)].filter(test).slice(0, 1))); }
    data(name) {
      const n = this.nodes.find(isElement);
      if (!n) return undefined;
      if (name !== undefined) {
        const key = `data-${String(name).replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
        return key in n.attrs ? convert(n.attrs[key]) : undefined;
      }
      return Object.fromEntries(Object.entries(n.attrs).filter(([k]) => k.startsWith('data-')).map(([k, v]) => [camel(k.slice(5)), convert(v)]));
    }
    each(visit) { this.nodes.forEach((n, i) => visit(i, new Element(n))); return this; }
    end() { return this.before ?? new Selection([]); }
    eq(index) { const n = this.nodes.at(index); return this.#make(n ? [n] : []); }
    filter(given) { return this.#pick(this.nodes, given); }
    first() { return this.eq(0); }
    last() { return this.eq(-1); }
    get(index) {
      if (index === undefined) return this.nodes.map((n) => new Element(n));
      const n = this.nodes.at(index);
      return n ? new Element(n) : undefined;
    }
    has(given) { const test = tester(given); return this.filter((_, e) => { let found = false; walk(e.node, (n) => { found = found || test(n, 0); }); return found; }); }
    html() { const n = this.nodes.find(isElement); return n ? inner(n) : undefined; }
    index(given) {
      if (given === undefined) return this.nodes.length > 0 ? elements(this.nodes[0].up).indexOf(this.nodes[0]) : -1;
      return typeof given === 'string' ? this.nodes.findIndex((n) => tester(given)(n, 0)) : this.nodes.indexOf(given instanceof Selection ? given.nodes[0] : given.node);
    }
    is(given) { return this.nodes.some(tester(given)); }
    map(visit) { return this.nodes.map((n, i) => visit(i, new Element(n))); }
    not(given) { const test = tester(given); return this.#make(this.nodes.filter((n, i) => !test(n, i))); }
    #row(node) { return elements(node.up); }
    next(given) { return this.#pick(this.#flat((n) => this.#row(n).slice(this.#row(n).indexOf(n) + 1).slice(0, 1)), given); }
    nextAll(given) { return this.#pick(this.#flat((n) => this.#row(n).slice(this.#row(n).indexOf(n) + 1)), given); }
    prev(given) { return this.#pick(this.#flat((n) => this.#row(n).slice(0, this.#row(n).indexOf(n)).slice(-1)), given); }
    prevAll(given) { return this.#pick(this.#flat((n) => this.#row(n).slice(0, this.#row(n).indexOf(n)).reverse()), given); }
    siblings(given) { return this.#pick(this.#flat((n) => this.#row(n).filter((k) => k !== n)), given); }
    parent(given) { return this.#pick(this.nodes.map((n) => n.up).filter((n) => n && n.tag !== '#root'), given); }
    parents(given) { return this.#pick(this.nodes.flatMap(ancestors), given); }
    #until(list, stop, given) {
      const test = stop === undefined ? () => false : tester(stop);
      return this.#pick(this.#flat((n) => { const all = list(n); const end = all.findIndex((k, i) => test(k, i)); return end < 0 ? all : all.slice(0, end); }), given);
    }
    nextUntil(stop, given) { return this.#until((n) => this.#row(n).slice(this.#row(n).indexOf(n) + 1), stop, given); }
    prevUntil(stop, given) { return this.#until((n) => this.#row(n).slice(0, this.#row(n).indexOf(n)).reverse(), stop, given); }
    parentsUntil(stop, given) { return this.#until(ancestors, stop, given); }
    size() { return this.nodes.length; }
    slice(from, to) { return this.#make(this.nodes.slice(from, to)); }
    text() { return this.nodes.map(textOf).join(''); }
    toArray() { return this.nodes.map((n) => this.#make([n])); }
    val() { return valueOf(this.nodes.find(isElement)); }
    serializeArray() {
      const fields = [];
      const consider = (n) => {
        const name = n.attrs.name;
        if (!name || !['input', 'select', 'textarea'].includes(n.tag)) return;
        const type = (n.attrs.type || '').toLowerCase();
        if (['submit', 'button', 'reset', 'image', 'file'].includes(type)) return;
        // As in k6, a bare `checked` does not count.
        if ((type === 'checkbox' || type === 'radio') && n.attrs.checked !== 'checked') return;
        const value = type === 'checkbox' || type === 'radio' ? n.attrs.value ?? 'on' : valueOf(n);
        for (const one of [].concat(value ?? '')) fields.push({ name, value: one });
      };
      for (const node of this.nodes.filter(isElement)) { consider(node); walk(node, consider); }
      return fields;
    }
    serializeObject() { return Object.fromEntries(this.serializeArray().map((f) => [f.name, f.value])); }
    serialize() { return this.serializeArray().map((f) => `${encodeURIComponent(f.name).replace(/%20/g, '+')}=${encodeURIComponent(f.value).replace(/%20/g, '+')}`).join('&'); }
  }

  const parseHTML = (text, url) => new Selection([parse(String(text))], undefined, url);
  const page = (response, selector) => {
    if (response.body === null) throw new Error("the body is null so we can't transform it to HTML - this likely was because of a request error getting the response");
    const whole = parseHTML(response.body, response.url);
    return selector === undefined ? whole : whole.find(String(selector));
  };
  const html = (http, response, selector) => page(response, selector);
  const resolve = (base, reference) => {
    if (/^[a-z][\w+.-]*:/i.test(reference)) return reference;
    const m = /^([a-z][\w+.-]*:)(\/\/[^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(base) || [];
    const [, scheme = '', host = '', path = '/', query = ''] = m;
    if (reference.startsWith('//')) return scheme + reference;
    if (reference === '') return scheme + host + path + query;
    if (reference.startsWith('?')) return scheme + host + path + reference;
    if (reference.startsWith('#')) return scheme + host + path + query;
    const cut = reference.search(/[?#]/);
    const target = cut < 0 ? reference : reference.slice(0, cut);
    const joined = target.startsWith('/') ? target : path.slice(0, path.lastIndexOf('/') + 1) + target;
    const parts = [];
    for (const part of joined.split('/').slice(1)) { if (part === '..') parts.pop(); else if (part !== '.') parts.push(part); }
    return `${scheme}${host}/${parts.join('/')}${cut < 0 ? '' : reference.slice(cut).replace(/#.*/, '')}`;
  };
  const submitForm = (http, response, options = {}) => {
    const { formSelector = 'form', submitSelector = '[type="submit"]', fields = {}, params } = options || {};
    const form = page(response, formSelector);
    if (form.size() === 0) throw new Error(`no form found for selector '${formSelector}' in response '${response.url}'`);
    const method = (form.attr('method') || 'GET').toUpperCase();
    const url = resolve(response.url, form.attr('action') || '');
    const values = form.first().serializeObject();
    const submit = form.find(submitSelector).first();
    if (submit.attr('name')) values[submit.attr('name')] = submit.val() ?? '';
    Object.assign(values, fields);
    if (method !== 'GET') return http.request(method, url, values, params);
    const query = Object.keys(values).sort().map((k) => `${encodeURIComponent(k)}=${encodeURIComponent(values[k])}`).join('&');
    return http.request('GET', query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`, null, params);
  };
  const clickLink = (http, response, options = {}) => {
    const { selector = 'a[href]', params } = options || {};
    const link = page(response, selector);
    if (link.size() === 0) throw new Error(`no element found for selector '${selector}' in response '${response.url}'`);
    const href = link.attr('href');
    if (href === undefined) throw new Error(`no valid href attribute value found on element '${selector}' in response '${response.url}'`);
    return http.get(resolve(response.url, href), params);
  };
  return { parseHTML, Selection, html, submitForm, clickLink };
})
