// The Elements of k6/html: what Selection.get() and each() give. They have the methods of DOM elements, as functions: those of all
// nodes, those of one tag, and one for each attribute that a tag's elements reflect.
// Evaluates to (tree, compile, makeSelection, bindMethods) => (node, url) => Element, where `tree` is what html_tree.js makes,
// `compile` what html_selectors.js does, `makeSelection(nodes, url)` a Selection, `bindMethods` what bound_methods.js makes, and
// `url` where the page is from ('' if it is not known).
(function ({ isElement, elements, rowOf, beside, descendants, ancestors, textOf, inputValue, optionValue, outer, inner, resolve }, compile, makeSelection, bindMethods) {
  const namespaces = { html: 'http://www.w3.org/1999/xhtml', svg: 'http://www.w3.org/2000/svg', math: 'http://www.w3.org/1998/Math/MathML' };
  const last = (list) => list[list.length - 1];
  const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
  const words = (text) => (text ?? '').split(/\s+/).filter((word) => word !== '');
  const named = (...names) => (node) => names.includes(node.name);
  const closest = (node, ...names) => ancestors(node).find(named(...names));
  const documentOf = (node) => { let at = node; while (at.parent) at = at.parent; return at; };
  const optionsOf = (node) => descendants(node, named('option'));
  const selected = (node) => optionsOf(node).filter((option) => 'selected' in option.attributes);
  const number = (text, otherwise) => (text !== undefined && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : otherwise);
  const whole = (text, otherwise) => { const found = parseInt(text, 10); return Number.isNaN(found) ? otherwise : found; };
  const formOf = (node) => {
    const id = node.attributes.form;
    return id === undefined ? closest(node, 'form') : descendants(documentOf(node), (n) => n.name === 'form' && n.attributes.id === id)[0];
  };
  const controls = named('button', 'fieldset', 'input', 'select', 'textarea');
  const labelable = named('button', 'input', 'keygen', 'meter', 'output', 'progress', 'select', 'textarea');

  class Attribute {
    constructor(ownerElement, name, value) { Object.assign(this, { name, ownerElement, value }); }
    localName() { return this.name.slice(this.name.indexOf(':') + 1); }
    namespaceURI() { return this.ownerElement.namespaceURI(); }
    prefix() { return this.name.includes(':') ? this.name.slice(0, this.name.indexOf(':')) : ''; }
  }
  bindMethods(Attribute);

  class Element {
    #node; #url;
    constructor(node, url) { this.#node = node; this.#url = url; }
    static nodeOf(element) { return element !== null && typeof element === 'object' && #node in element ? element.#node : undefined; }
    static urlOf(element) { return element.#url; }
    #make(node) { return node ? elementOf(node, this.#url) : undefined; }
    #all(nodes) { return nodes.map((node) => elementOf(node, this.#url)); }
    #beside(list, step) { const at = list.indexOf(this.#node); return at < 0 ? undefined : this.#make(list[at + step]); }
    #attribute(name) { return this.#node.attributes?.[name]; }
    selection() { return makeSelection([this.#node], this.#url); }
    nodeName() { return { 3: '#text', 8: '#comment', 9: '#document' }[this.#node.type] ?? this.#node.name; }
    nodeType() { return this.#node.type; }
    nodeValue() { return this.#node.text; }
    id() { return this.#attribute('id') ?? ''; }
    lang() { return this.#attribute('lang'); }
    className() { return this.#attribute('class'); }
    classList() { return words(this.#attribute('class')); }
    textContent() { return this.#node.text ?? textOf(this.#node); }
    innerHTML() { return inner(this.#node); }
    toString() { return '[object html.Node]'; }
    namespaceURI() { return namespaces[this.#node.namespace ?? 'html']; }
    isDefaultNamespace() { return this.#node.namespace === undefined; }
    attributes() { return Object.fromEntries(Object.keys(this.#node.attributes ?? {}).map((name) => [name, this.getAttributeNode(name)])); }
    getAttribute(name) { return this.#attribute(name); }
    getAttributeNode(name) { const value = this.#attribute(name); return value === undefined ? undefined : new Attribute(this, name, value); }
    hasAttribute(name) { return this.#attribute(name) !== undefined; }
    hasAttributes() { return Object.keys(this.#node.attributes ?? {}).length > 0; }
    childNodes() { return this.#all(this.#node.children ?? []); }
    children() { return this.#all(elements(this.#node)); }
    childElementCount() { return elements(this.#node).length; }
    hasChildNodes() { return (this.#node.children ?? []).length > 0; }
    firstChild() { return this.#make(this.#node.children?.[0]); }
    lastChild() { return this.#make(last(this.#node.children ?? [])); }
    firstElementChild() { return this.#make(elements(this.#node)[0]); }
    lastElementChild() { return this.#make(last(elements(this.#node))); }
    nextSibling() { return this.#beside(rowOf(this.#node), 1); }
    previousSibling() { return this.#beside(rowOf(this.#node), -1); }
    nextElementSibling() { return this.#make(beside(this.#node, 1)); }
    previousElementSibling() { return this.#make(beside(this.#node, -1)); }
    parentNode() { return this.#make(this.#node.parent); }
    parentElement() { return isElement(this.#node.parent) ? this.#make(this.#node.parent) : undefined; }
    ownerDocument() { return this.#node.type === 9 ? undefined : this.#make(documentOf(this.#node)); }
    contains(element) { const other = Element.nodeOf(element); return other === this.#node || (other !== undefined && (other.parent === this.#node || ancestors(other).includes(this.#node) || (this.#node.type === 9 && documentOf(other) === this.#node))); }
    isSameNode(element) { return Element.nodeOf(element) === this.#node; }
    isEqualNode(element) { const other = Element.nodeOf(element); return other !== undefined && outer(other) === outer(this.#node); }
    matches(selector) { return isElement(this.#node) && compile(String(selector))(this.#node); }
    querySelectorAll(selector) { return this.#all(descendants(this.#node, compile(String(selector)))); }
    querySelector(selector) { return this.querySelectorAll(selector)[0]; }
    getElementsByTagName(name) { return this.#all(descendants(this.#node, (n) => name === '*' || n.name === String(name).toLowerCase())); }
    getElementsByClassName(names) { return this.#all(descendants(this.#node, (n) => words(String(names)).every((name) => words(n.attributes.class).includes(name)))); }
  }
  bindMethods(Element);

  // Methods of tags that are more than an attribute. Each takes the node and gives a value, a node or a list of nodes.
  const href = (node, url) => resolve(url, node.attributes.href ?? '');
  const part = (pattern, otherwise = '') => (node, url) => pattern.exec(href(node, url))?.[1] ?? otherwise;
  const authority = String.raw`^(?:[a-z][\w+.-]*:)?//`;
  const link = {
    href,
    toString: href,
    text: textOf,
    relList: (node) => words(node.attributes.rel),
    protocol: part(/^([a-z][\w+.-]*:)/i),
    username: part(new RegExp(`${authority}([^:@/?#]*)[^@/?#]*@`, 'i')),
    password: part(new RegExp(`${authority}[^:@/?#]*:([^@/?#]*)@`, 'i')),
    host: part(new RegExp(`${authority}(?:[^@/?#]*@)?([^/?#]*)`, 'i')),
    hostname: part(new RegExp(`${authority}(?:[^@/?#]*@)?(\\[[^\\]]*\\]|[^:/?#]*)`, 'i')),
    port: part(new RegExp(`${authority}(?:[^@/?#]*@)?(?:\\[[^\\]]*\\]|[^:/?#]*):(\\d*)`, 'i')),
    origin: (node, url) => (link.host(node, url) === '' ? '' : `${link.protocol(node, url)}//${link.host(node, url)}`),
    pathname: part(/^(?:[a-z][\w+.-]*:)?(?:\/\/[^/?#]*)?([^?#]*)/i),
    search: part(/^[^?#]*(\?[^#]*)/),
    hash: part(/(#[^]*)$/),
  };
  const form = { form: formOf };
  const labels = {
    labels: (node) => descendants(documentOf(node), (n) => n.name === 'label' && ((n.attributes.for !== undefined && n.attributes.for === node.attributes.id) || closest(node, 'label') === n)),
  };
  const method = (text) => (['post', 'dialog'].includes(text?.toLowerCase()) ? text.toLowerCase() : 'get');
  const encoding = 'application/x-www-form-urlencoded';
  const field = {
    ...form, ...labels,
    formAction: (node, url) => resolve(url, node.attributes.formaction ?? formOf(node)?.attributes.action ?? ''),
    formEnctype: (node) => node.attributes.formenctype ?? formOf(node)?.attributes.enctype ?? encoding,
    formMethod: (node) => method(node.attributes.formmethod ?? formOf(node)?.attributes.method),
    formNoValidate: (node) => 'formnovalidate' in node.attributes || 'novalidate' in (formOf(node)?.attributes ?? {}),
    formTarget: (node) => node.attributes.formtarget ?? formOf(node)?.attributes.target ?? '',
  };
  const media = { textTracks: (node) => descendants(node, named('track')) };
  const section = { rows: (node) => elements(node).filter(named('tr')) };
  const childNamed = (name) => (node) => elements(node).find(named(name));
  const cells = (node) => elements(node).filter(named('td', 'th'));
  const rowsOf = (node) => descendants(node, (n) => n.name === 'tr' && closest(n, 'table') === node);
  const cell = { cellIndex: (node) => (node.parent.name === 'tr' ? cells(node.parent).indexOf(node) : -1) };
  const own = {
    a: link,
    area: link,
    audio: media,
    button: { ...field, value: (node) => node.attributes.value ?? '' },
    datalist: { options: optionsOf },
    fieldset: { ...form, elements: (node) => descendants(node, controls), type: () => 'fieldset', validity: () => undefined },
    form: {
      elements: (node) => descendants(node, controls),
      length: (node) => descendants(node, controls).length,
      method: (node) => method(node.attributes.method),
    },
    input: { ...field, value: inputValue },
    keygen: { ...form, ...labels },
    label: {
      control: (node) => (node.attributes.for === undefined ? descendants(node, labelable)[0] : descendants(documentOf(node), (n) => n.attributes.id === node.attributes.for)[0]),
      form: (node) => { const control = own.label.control(node); return control && formOf(control); },
    },
    legend: { form: (node) => (closest(node, 'fieldset') ? formOf(node) : undefined) },
    link: { relList: link.relList },
    map: {
      areas: (node) => descendants(node, named('area')),
      images: (node) => descendants(documentOf(node), (n) => ['img', 'object'].includes(n.name) && n.attributes.usemap === `#${node.attributes.name}`),
    },
    meter: labels,
    object: form,
    option: {
      ...form,
      index: (node) => { const list = closest(node, 'select', 'datalist'); return list ? optionsOf(list).indexOf(node) : 0; },
      label: (node) => node.attributes.label ?? textOf(node),
      text: textOf,
      value: optionValue,
    },
    output: { ...form, ...labels, defaultValue: textOf, value: textOf },
    progress: {
      ...labels,
      max: (node) => number(node.attributes.max, 1),
      position: (node) => ('value' in node.attributes ? own.progress.value(node) / own.progress.max(node) : -1),
      value: (node) => Math.min(Math.max(number(node.attributes.value, 0), 0), own.progress.max(node)),
    },
    script: { text: textOf },
    select: {
      ...form, ...labels,
      length: (node) => optionsOf(node).length,
      options: optionsOf,
      selectedIndex: (node) => optionsOf(node).findIndex((option) => 'selected' in option.attributes),
      selectedOptions: selected,
      size: (node) => whole(node.attributes.size, 'multiple' in node.attributes ? 4 : 1),
      type: (node) => ('multiple' in node.attributes ? 'select-multiple' : 'select'),
      value: (node) => selected(node).map(optionValue)[0] ?? '',
    },
    table: {
      caption: childNamed('caption'),
      rows: rowsOf,
      tBodies: (node) => elements(node).filter(named('tbody')),
      tFoot: childNamed('tfoot'),
      tHead: childNamed('thead'),
    },
    tbody: section,
    td: cell,
    textarea: {
      ...form, ...labels,
      defaultValue: textOf,
      length: (node) => [...textOf(node)].reduce((sum, char) => sum + encodeURIComponent(char).replace(/%../g, '.').length, 0),
      type: () => 'textarea',
      value: textOf,
    },
    tfoot: section,
    th: cell,
    thead: section,
    title: { text: textOf },
    tr: {
      cells,
      rowIndex: (node) => { const table = closest(node, 'table'); return table ? rowsOf(table).indexOf(node) : -1; },
      sectionRowIndex: (node) => elements(node.parent).filter(named('tr')).indexOf(node),
    },
    video: media,
  };

  // What each tag's elements reflect: `name`, `name:kind` or `name:kind=otherwise`; text if there is no kind.
  const reflected = {
    a: 'accessKey download hreflang media referrerPolicy rel tabIndex:int target type',
    area: 'accessKey alt coords download hreflang media noHref:bool referrerPolicy rel shape tabIndex:int target type',
    audio: 'autoplay:bool controls:bool crossOrigin loop:bool mediaGroup muted:bool preload src:url',
    base: 'href:url target',
    blockquote: 'cite:url',
    button: 'accessKey autofocus:bool disabled:bool name tabIndex:int type=submit',
    canvas: 'height:int=150 width:int=300',
    col: 'span:int=1',
    colgroup: 'span:int=1',
    data: 'value',
    del: 'cite:url dateTime',
    embed: 'height src:url type width',
    fieldset: 'disabled:bool name',
    form: 'acceptCharset action:url autocomplete=on encoding enctype=application/x-www-form-urlencoded name noValidate:bool target',
    html: '',
    iframe: 'allowFullscreen:bool height name referrerPolicy sandbox src:url srcdoc width',
    img: 'alt crossOrigin height:int isMap:bool longDesc name referrerPolicy sizes src:url srcset useMap width:int',
    input: `accept accessKey alt autocomplete autofocus:bool checked:bool defaultChecked:bool defaultValue dirName disabled:bool height:int
      max maxLength:int=-1 min minLength:int=-1 multiple:bool name pattern placeholder readOnly:bool required:bool size:int=20 src:url step tabIndex:int
      type=text width:int`,
    ins: 'cite:url dateTime',
    keygen: 'autofocus:bool challenge disabled:bool keytype=rsa name type',
    label: 'accessKey htmlFor',
    legend: 'accessKey',
    li: 'value:int',
    link: 'crossOrigin href:url hreflang media referrerPolicy rel sizes target type',
    map: 'name',
    menu: 'label type',
    meta: 'content httpEquiv name',
    meter: 'high:number=1 low:number max:number=1 min:number optimum:number value:number',
    object: 'data:url height name tabIndex:int type typeMustMatch:bool useMap width',
    ol: 'reversed:bool start:int=1 type',
    optgroup: 'disabled:bool label',
    option: 'defaultSelected:bool disabled:bool selected:bool',
    output: 'htmlFor name',
    param: 'name value',
    pre: 'name',
    q: 'cite:url',
    script: 'async:bool charset crossOrigin defer:bool noModule:bool nonce src:url type',
    select: 'autofocus:bool disabled:bool multiple:bool name required:bool tabIndex:int',
    source: 'media sizes src:url srcset type',
    style: 'disabled:bool media type',
    td: 'abbr colSpan:int=1 headers rowSpan:int=1 scope',
    textarea: `accessKey autocomplete autofocus:bool cols:int=20 dirName disabled:bool maxLength:int=-1 minLength:int=-1 name placeholder
      readOnly:bool required:bool rows:int=2 tabIndex:int wrap`,
    th: 'abbr colSpan:int=1 headers rowSpan:int=1 scope',
    time: 'dateTime',
    track: 'default:bool kind=subtitles label src:url srclang',
    video: 'autoplay:bool controls:bool crossOrigin height:int loop:bool mediaGroup muted:bool poster:url preload src:url width:int',
  };
  const contentNames = {
    acceptCharset: 'accept-charset', defaultChecked: 'checked', defaultSelected: 'selected', defaultValue: 'value', encoding: 'enctype',
    htmlFor: 'for', httpEquiv: 'http-equiv',
  };
  const readers = {
    text: (text, otherwise) => text ?? otherwise,
    url: (text, otherwise, url) => (text === undefined ? otherwise : resolve(url, text)),
    bool: (text) => text !== undefined,
    int: (text, otherwise) => whole(text, Number(otherwise)),
    number: (text, otherwise) => number(text, Number(otherwise)),
  };
  const classes = new Map();
  const classOf = (tag) => {
    let found = classes.get(tag);
    if (found) return found;
    found = class extends Element {};
    const define = (name, value) => Object.defineProperty(found.prototype, name, { value, configurable: true, writable: true });
    for (const item of words(reflected[tag])) {
      const [, name, kind = 'text', otherwise = ''] = /^(\w+)(?::(\w+))?(?:=(.*))?$/.exec(item);
      const attribute = contentNames[name] ?? name.toLowerCase();
      define(name, function () { return readers[kind](Element.nodeOf(this).attributes[attribute], otherwise, Element.urlOf(this)); });
    }
    for (const [name, read] of Object.entries(own[tag] ?? {})) {
      define(name, function () {
        const wrap = (value) => (typeof value === 'object' && value !== null ? elementOf(value, Element.urlOf(this)) : value);
        const value = read(Element.nodeOf(this), Element.urlOf(this));
        return Array.isArray(value) ? value.map(wrap) : wrap(value);
      });
    }
    bindMethods(found);
    classes.set(tag, found);
    return found;
  };
  const elementOf = (node, url) => new (isElement(node) && (has(own, node.name) || has(reflected, node.name)) ? classOf(node.name) : Element)(node, url);
  return elementOf;
})
