// The tree of a page that html.cc parses, and its text. Nodes are { type, parent } and, by type: elements (1) have `name`,
// `attributes`, `children` and, where it is not HTML, `namespace`; texts (3) and comments (8) have `text`; documents (9) have
// `children`; doctypes (10) have `name`, `publicId` and `systemId`. A tree never changes. Evaluates to () => an object of
// functions.
(function () {
  const isElement = (node) => node !== null && node !== undefined && node.type === 1;
  const elements = (node) => (node?.children ?? []).filter(isElement);
  const rowOf = (node) => node.parent?.children ?? [node];
  // Where a node stands in its row. Of a long row that is found for all of its nodes at once, as they are asked for one after the other.
  const places = new WeakMap();
  const placesIn = (row) => { if (!places.has(row)) places.set(row, new Map(row.map((node, i) => [node, i]))); return places.get(row); };
  const placeIn = (row, node) => (row.length < 32 ? row.indexOf(node) : placesIn(row).get(node));
  // The next element, or the one before; undefined if there is none.
  const beside = (node, step) => { const row = rowOf(node); let at = placeIn(row, node); do at += step; while (at in row && !isElement(row[at])); return row[at]; };
  const after = (node) => { const row = rowOf(node); return row.slice(placeIn(row, node) + 1).filter(isElement); };
  const before = (node) => { const row = rowOf(node); return row.slice(0, placeIn(row, node)).filter(isElement).reverse(); };
  const walk = (node, visit) => { for (const child of node.children ?? []) if (isElement(child)) { visit(child); walk(child, visit); } };
  const descendants = (node, test) => { const list = []; walk(node, (n) => { if (test(n)) list.push(n); }); return list; };
  const ancestors = (node) => { const list = []; for (let at = node.parent; isElement(at); at = at.parent) list.push(at); return list; };
  const textOf = (node) => (node.type === 3 ? node.text : (node.children ?? []).map(textOf).join(''));
  const ownTextOf = (node) => node.children.map((child) => (child.type === 3 ? child.text : '')).join('');
  const inputValue = (node) => node.attributes.value ?? (/^(checkbox|radio)$/i.test(node.attributes.type) ? 'on' : '');
  const optionValue = (node) => node.attributes.value ?? textOf(node).trim();

  const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;', '\r': '&#13;' };
  const escape = (text) => text.replace(/[&<>"'\r]/g, (c) => escapes[c]);
  const words = (text) => new Set(text.split(' '));
  const voids = words('area base br col embed hr img input keygen link meta param source track wbr');
  const raw = words('iframe noembed noframes noscript plaintext script style xmp');
  // k6 writes the attributes of these in the order of their names.
  const formatting = words('a b big code em font i nobr s small strike strong tt u');
  const byName = ([a], [b]) => (a < b ? -1 : 1);
  const outer = (node) => {
    switch (node.type) {
      case 3: return raw.has(node.parent.name) ? node.text : escape(node.text);
      case 8: return `<!--${node.text}-->`;
      case 9: return inner(node);
      case 10: {
        const ids = node.publicId ? ` PUBLIC "${node.publicId}"${node.systemId ? ` "${node.systemId}"` : ''}` : node.systemId ? ` SYSTEM "${node.systemId}"` : '';
        return `<!DOCTYPE ${node.name}${ids}>`;
      }
      default: {
        const pairs = Object.entries(node.attributes);
        const attributes = (formatting.has(node.name) ? pairs.sort(byName) : pairs).map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
        if (voids.has(node.name)) return `<${node.name}${attributes}/>`;
        const line = ['pre', 'listing', 'textarea'].includes(node.name) && node.children[0]?.text?.startsWith('\n') ? '\n' : '';
        return `<${node.name}${attributes}>${line}${inner(node)}</${node.name}>`;
      }
    }
  };
  const inner = (node) => (node.children ?? []).map(outer).join('');

  // A reference as a browser resolves it; of no use where the page's URL is not known.
  const resolve = (base, reference) => {
    if (base === '' || /^[a-z][\w+.-]*:/i.test(reference)) return reference;
    const [, scheme = '', host = '', path = '/', query = ''] = /^([a-z][\w+.-]*:)(\/\/[^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(base) ?? [];
    if (reference.startsWith('//')) return scheme + reference;
    const [, target, rest] = /^([^?#]*)([^]*)$/.exec(reference);
    if (target === '') return scheme + host + path + (rest.startsWith('?') ? rest : query + rest);
    const joined = target.startsWith('/') ? target : path.slice(0, path.lastIndexOf('/') + 1) + target;
    const parts = [];
    for (const part of joined.split('/').slice(1)) { if (part === '..') parts.pop(); else if (part !== '.') parts.push(part); }
    if (/\/\.{1,2}$/.test(joined)) parts.push('');
    return `${scheme}${host}/${parts.join('/')}${rest}`;
  };

  const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replace(/%20/g, '+');
  const listOf = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
  // Fields as a query or the body of a form, in the order of their names; a field of several values is there several times.
  const encodeForm = (fields) => Object.keys(fields).sort().flatMap((name) => listOf(fields[name]).map((value) => `${encode(name)}=${encode(value)}`)).join('&');

  return { isElement, elements, rowOf, beside, after, before, walk, descendants, ancestors, textOf, ownTextOf, inputValue, optionValue, outer, inner, resolve, encodeForm };
})
