// `k6/html` as JavaScript: the class Selection over the tree that html.cc parses, and what Responses do with it.
// Evaluates to (parse, warn, tree, cssSelect, makeSelectors, makeElements, bindMethods) => ({ parseHTML, Selection, html, submitForm, clickLink }).
// parse(text) gives a document as html_tree.js describes it, warn(text) tells of the script's present call; the others are what html_tree.js, css-select, html_selectors.js,
// html_element.js and bound_methods.js evaluate to. The last three functions take the exports of `k6/http`, a Response and an argument.
(function (parse, warn, tree, cssSelect, makeSelectors, makeElements, bindMethods) {
  const { isElement, elements, rowOf, beside, after, before, walk, descendants, ancestors, textOf, inputValue, optionValue, inner, resolve, encodeForm } = tree;
  const compile = makeSelectors(cssSelect, tree, warn);
  const unique = (list) => [...new Set(list)];
  const nextTo = (step) => (node) => { const found = beside(node, step); return found ? [found] : []; };

  // The value that a data-* attribute stands for, as in jQuery.
  const convert = (text) => {
    if (text === '') return undefined;
    if (text === 'true') return true;
    if (text === 'false') return false;
    if (text === 'null') return null;
    if (String(Number(text)) === text) return Number(text);
    if (/^[[{]/.test(text)) { try { return JSON.parse(text); } catch { return text; } }
    return text;
  };
  const camel = (name) => name.replace(/-(\w)/g, (_, c) => c.toUpperCase());
  const kebab = (name) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

  // The value of a form's control; undefined for what has none.
  const valueOf = (node) => {
    switch (node?.name) {
      case 'input': return inputValue(node);
      case 'button': return node.attributes.value ?? '';
      case 'textarea': return textOf(node);
      case 'option': return optionValue(node);
      case 'select': {
        const chosen = descendants(node, (n) => n.name === 'option' && 'selected' in n.attributes).map(optionValue);
        return 'multiple' in node.attributes ? chosen : chosen[chosen.length - 1] ?? '';
      }
      default: return undefined;
    }
  };
  const fieldTags = new Set(['input', 'select', 'textarea', 'keygen']);
  const notSubmitted = new Set(['submit', 'button', 'reset', 'image', 'file']);
  const isField = (node) => {
    const type = (node.attributes.type ?? '').toLowerCase();
    if (!fieldTags.has(node.name) || !node.attributes.name || notSubmitted.has(type)) return false;
    // As in k6, a bare `checked` does not count.
    return (type !== 'checkbox' && type !== 'radio') || node.attributes.checked === 'checked';
  };

  class Selection {
    #nodes; #root; #from;
    // The nodes, without those that are there twice. `from` is the Selection that it was made of: the answer of end().
    constructor(nodes, url, from) {
      this.#nodes = unique(nodes);
      this.#from = from;
      this.#root = from ? from.#root : nodes[0];
      while (this.#root?.parent) this.#root = this.#root.parent;
      this.url = url;
    }
    #make(nodes) { return new Selection(nodes, this.url, this); }
    // The test (node, index) => boolean that a script gave: a selector, a Selection and, where functions are taken, a function.
    #test(given, method, withFunctions = false) {
      if (typeof given === 'string') return compile(given);
      if (given instanceof Selection) return (node) => given.#nodes.includes(node);
      if (withFunctions && typeof given === 'function') return (node, index) => given(index, this.#make([node]));
      const text = given !== null && typeof given === 'object' ? 'an object' : String(given);
      throw new TypeError(`${method}(): ${text} is not a selector${withFunctions ? ', a function' : ''} or a Selection`);
    }
    #call(visit, method) {
      if (typeof visit !== 'function') throw new TypeError(`${method}(): the argument must be a function`);
      return visit;
    }
    #keep(nodes, given, method, withFunctions) {
      return this.#make(given === undefined || given === null ? nodes : nodes.filter(this.#test(given, method, withFunctions)));
    }
    #flat(each) { return unique(this.#nodes.flatMap(each)); }
    #until(list, stop, given, method) {
      const test = stop === undefined || stop === null ? () => false : this.#test(stop, method);
      return this.#keep(this.#flat((node) => { const all = list(node), end = all.findIndex(test); return end < 0 ? all : all.slice(0, end); }), given, method);
    }
    find(given) { const test = this.#test(given, 'find'); return this.#make(this.#flat((node) => descendants(node, test))); }
    // The first element that matches.
    single(given) { return this.#make(this.find(given).#nodes.slice(0, 1)); }
    add(given) {
      if (given instanceof Selection) return this.#make([...this.#nodes, ...given.#nodes]);
      return this.#make([...this.#nodes, ...descendants(this.#root, this.#test(given, 'add'))]);
    }
    attr(name, otherwise) { return this.#nodes[0]?.attributes?.[name] ?? otherwise; }
    children(given) { return this.#keep(this.#flat(elements), given, 'children'); }
    contents() { return this.#make(this.#flat((node) => node.children ?? [])); }
    closest(given) { const test = this.#test(given, 'closest'); return this.#make(this.#flat((node) => [node, ...ancestors(node)].filter(isElement).filter(test).slice(0, 1))); }
    data(name) {
      const attributes = this.#nodes[0]?.attributes;
      if (attributes === undefined) return undefined;
      if (name !== undefined) return convert(attributes[`data-${kebab(String(name))}`] ?? '');
      return Object.fromEntries(Object.entries(attributes).filter(([key]) => key.startsWith('data-')).map(([key, text]) => [camel(key.slice(5)), convert(text)]));
    }
    each(visit) { this.#nodes.forEach((node, i) => this.#call(visit, 'each')(i, elementOf(node, this.url))); return this; }
    end() { return this.#from ?? new Selection([], this.url); }
    eq(index) { const i = Math.trunc(index) || 0; const node = this.#nodes[i < 0 ? this.#nodes.length + i : i]; return this.#make(node ? [node] : []); }
    filter(given) { return this.#make(this.#nodes.filter(this.#test(given, 'filter', true))); }
    first() { return this.eq(0); }
    last() { return this.eq(-1); }
    get(index) {
      if (index === undefined) return this.#nodes.map((node) => elementOf(node, this.url));
      const node = this.#nodes[index < 0 ? this.#nodes.length + index : index];
      return node && elementOf(node, this.url);
    }
    has(given) { const test = this.#test(given, 'has'); return this.#make(this.#nodes.filter((node) => descendants(node, test).length > 0)); }
    html() { const [node] = this.#nodes; return node && inner(node); }
    index(given) {
      const [node] = this.#nodes;
      if (given === undefined) return node ? before(node).length : -1;
      if (given instanceof Selection) return this.#nodes.indexOf(given.#nodes[0]);
      return this.#root ? descendants(this.#root, this.#test(given, 'index')).indexOf(node) : -1;
    }
    is(given) { return this.#nodes.some(this.#test(given, 'is', true)); }
    // As in k6, what throws has no value; the log says so.
    map(visit) {
      this.#call(visit, 'map');
      const values = [];
      for (const [i, node] of this.#nodes.entries()) {
        try {
          values.push(visit(i, this.#make([node])));
        } catch (error) {
          globalThis.console?.warn(`Selection.map(): the function has failed for element ${i}, whose value is left out: ${error}`);
        }
      }
      return values;
    }
    next(given) { return this.#keep(this.#flat(nextTo(1)), given, 'next'); }
    nextAll(given) { return this.#keep(this.#flat(after), given, 'nextAll'); }
    nextUntil(stop, given) { return this.#until(after, stop, given, 'nextUntil'); }
    not(given) { const test = this.#test(given, 'not', true); return this.#make(this.#nodes.filter((node, i) => !test(node, i))); }
    parent(given) { return this.#keep(this.#flat((node) => ancestors(node).slice(0, 1)), given, 'parent'); }
    parents(given) { return this.#keep(this.#flat(ancestors), given, 'parents'); }
    parentsUntil(stop, given) { return this.#until(ancestors, stop, given, 'parentsUntil'); }
    prev(given) { return this.#keep(this.#flat(nextTo(-1)), given, 'prev'); }
    prevAll(given) { return this.#keep(this.#flat(before), given, 'prevAll'); }
    prevUntil(stop, given) { return this.#until(before, stop, given, 'prevUntil'); }
    siblings(given) { return this.#keep(this.#flat((node) => rowOf(node).filter((other) => other !== node && isElement(other))), given, 'siblings'); }
    size() { return this.#nodes.length; }
    slice(from, to) { return this.#make(this.#nodes.slice(from, to)); }
    text() { return this.#nodes.map(textOf).join(''); }
    toArray() { return this.#nodes.map((node) => this.#make([node])); }
    val() { return valueOf(this.#nodes[0]); }
    serializeArray() {
      const fields = [];
      const consider = (node) => { if (isField(node)) fields.push({ name: node.attributes.name, value: valueOf(node) }); };
      for (const node of this.#nodes.filter(isElement)) { consider(node); walk(node, consider); }
      return fields;
    }
    serializeObject() { return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value])); }
    serialize() { return encodeForm(this.serializeObject()); }
  }
  bindMethods(Selection);
  const elementOf = makeElements(tree, compile, (nodes, url) => new Selection(nodes, url), bindMethods);

  const parseHTML = (text) => new Selection([parse(text === undefined || text === null ? '' : String(text))], '');
  // `text` is that of a body of bytes.
  const page = (response, selector, text = response.body) => {
    if (text === null || text === undefined || Array.isArray(text)) {  // k6 has an empty list for a request that was not sent
      throw new Error("the body is null so we can't transform it to HTML - this likely was because of a request error getting the response");
    }
    if (typeof text !== 'string') throw new TypeError('the body is not text, so there is no HTML in it');
    const whole = new Selection([parse(text)], response.url);
    return selector === undefined ? whole : whole.find(String(selector));
  };
  const html = (http, response, selector, text) => page(response, selector, text);
  const target = (response, reference) => resolve(response.url, reference).replace(/#[^]*/, '');
  const submitForm = (http, response, options, text) => {
    const { formSelector = 'form', submitSelector = '[type="submit"]', fields = {}, params } = options ?? {};
    const form = page(response, formSelector, text);
    if (form.size() === 0) throw new Error(`no form found for selector '${formSelector}' in response '${response.url}'`);
    const values = Object.fromEntries(Object.entries(form.first().serializeObject()).filter(([, value]) => value !== undefined));
    const submit = form.find(submitSelector).first();
    if (submit.attr('name')) values[submit.attr('name')] = submit.val();
    Object.assign(values, fields);
    const method = (form.attr('method') || 'GET').toUpperCase();
    const url = target(response, form.attr('action') ?? '');
    if (method !== 'GET') return http.request(method, url, values, params);
    // The fields take the place of a query that the form's URL has, as in browsers.
    const query = encodeForm(values);
    return http.request('GET', query === '' ? url : `${url.replace(/\?[^]*/, '')}?${query}`, null, params);
  };
  const clickLink = (http, response, options, text) => {
    const { selector = 'a[href]', params } = options ?? {};
    const link = page(response, selector, text);
    if (link.size() === 0) throw new Error(`no element found for selector '${selector}' in response '${response.url}'`);
    const href = link.attr('href');
    if (href === undefined) throw new Error(`no valid href attribute value found on element '${selector}' in response '${response.url}'`);
    return http.get(target(response, href), params);
  };
  return { parseHTML, Selection, html, submitForm, clickLink };
})
