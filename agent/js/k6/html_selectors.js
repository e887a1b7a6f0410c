// The selectors of k6/html. Their dialect is k6's own: `:matches()` and `[name#=]` take regular expressions, `:contains()` knows
// no case, and what is not valid matches nothing. It is read here into the form of css-select, which does the matching.
// Evaluates to (cssSelect, tree, warn) => (selector) => (node) => boolean, where `tree` is what html_tree.js makes.
(function (cssSelect, { isElement, beside, textOf, ownTextOf, ancestors, rowOf }, warn) {
  const escaped = String.raw`\\(?:[0-9a-f]{1,6}\s?|[^\r\n\f0-9a-f])`;
  const inName = String.raw`(?:[\w-]|[^\x00-\x7f]|${escaped})`;
  const identifier = String.raw`-?(?:[a-z_]|[^\x00-\x7f]|${escaped})${inName}*`;
  const quoted = String.raw`"(?:[^"\\\r\n\f]|\\[^])*"|'(?:[^'\\\r\n\f]|\\[^])*'`;
  const pattern = (source) => new RegExp(source, 'iy');
  const patterns = {
    blank: pattern(String.raw`(?:[ \t\r\n\f]|/\*[^]*?\*/)+`),
    combinator: /[>+~]/y,
    comma: /,/y,
    open: /\(/y,
    close: /\)/y,
    universal: /\*/y,
    tag: pattern(identifier),
    id: pattern(`#(${inName}+)`),
    class: pattern(String.raw`\.(${identifier})`),
    bracket: /\[/y,
    comparison: /\]|[~|^$*!#]?=/y,
    value: pattern(`${quoted}|${identifier}`),
    closing: pattern(String.raw`(i)?\s*\]`),
    pseudo: pattern(`:(${identifier})`),
    nth: /odd|even|[+-]?\d*n(?:\s*[+-]\s*\d+)?|[+-]?\d+/iy,
  };
  const actions = { '=': 'equals', '~=': 'element', '|=': 'hyphen', '^=': 'start', '$=': 'end', '*=': 'any' };
  const combinators = { '>': 'child', '+': 'adjacent', '~': 'sibling' };
  const plain = new Set(['first-child', 'last-child', 'first-of-type', 'last-of-type', 'only-child', 'only-of-type', 'root',
    'empty', 'input', 'link', 'checked', 'enabled', 'disabled']);
  const never = { type: 'pseudo', name: 'not', data: [[{ type: 'universal' }]] };  // of states that no parsed page has, as `:hover`
  const states = new Set(['visited', 'hover', 'active', 'focus', 'target']);

  const fail = (text, at) => { throw new SyntaxError(`invalid selector: '${text}' at ${at}`); };
  const unescape = (text) => text.replace(/\\(?:([0-9a-f]{1,6})\s?|\r?\n|([^]))/gi,
    (_, hex, char) => (hex ? String.fromCodePoint(Math.min(parseInt(hex, 16), 0x10ffff)) : char ?? ''));
  const unquote = (text) => unescape(/^["']/.test(text) ? text.slice(1, -1) : text);
  // A regular expression as Go writes it.
  const goRegExp = (source) => {
    const [, flags = '', rest] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(source);
    return new RegExp(rest.replace(/\(\?P</g, '(?<').replace(/\\A/g, '^').replace(/\\z/g, '$'), flags);
  };

  const read = (text) => {
    let at = 0;
    const take = (name) => {
      patterns[name].lastIndex = at;
      const found = patterns[name].exec(text);
      if (found) at = patterns[name].lastIndex;
      return found;
    };
    const need = (name) => take(name) ?? fail(text, at);
    const regExp = () => {  // up to the bracket that closes what is around it
      const start = at;
      for (let open = 0; at < text.length; at++) {
        if ('(['.includes(text[at])) open++;
        else if (')]'.includes(text[at]) && --open < 0) return goRegExp(text.slice(start, at));
      }
      return fail(text, at);
    };
    const attribute = () => {
      take('blank');
      const name = unescape(need('tag')[0]).toLowerCase();
      take('blank');
      const [operator] = need('comparison');
      if (operator === ']') return { type: 'attribute', name, action: 'exists', value: '', namespace: null, ignoreCase: false };
      take('blank');
      if (operator === '#=') {
        const data = { name, expression: regExp() };
        need('closing');
        return { type: 'pseudo', name: 'attribute-matches', data };
      }
      const value = unquote(need('value')[0]);
      take('blank');
      const ignoreCase = need('closing')[1] !== undefined;
      const test = { type: 'attribute', name, action: actions[operator] ?? 'equals', value, namespace: null, ignoreCase };
      if (operator === '!=') return { type: 'pseudo', name: 'not', data: [[test]] };
      return value.trim() === '' && !['=', '|='].includes(operator) ? never : test;
    };
    const argument = (what) => {
      need('open');
      take('blank');
      const given = what();
      take('blank');
      need('close');
      return given;
    };
    const pseudo = (name) => {
      switch (name) {
        case 'not': return { data: argument(() => list(false)) };
        case 'has': return { data: argument(() => list(true)) };
        case 'haschild': return { name: 'has', data: argument(() => list(false)).map((rules) => [{ type: 'child' }, ...rules]) };
        case 'contains': return { name: 'icontains', data: argument(() => unquote(need('value')[0])) };
        case 'containsown': return { data: argument(() => unquote(need('value')[0]).toLowerCase()) };
        case 'matches': case 'matchesown': return { data: argument(regExp) };
        case 'lang': return { data: argument(() => unescape(need('tag')[0])) };
        case 'nth-child': case 'nth-last-child': case 'nth-of-type': case 'nth-last-of-type':
          return { data: argument(() => need('nth')[0]) };
        default: return states.has(name) ? never : plain.has(name) ? { data: null } : fail(text, at);
      }
    };
    const compound = (rules) => {
      const before = rules.length;
      let found;
      if (take('universal')) rules.push({ type: 'universal', namespace: null });
      else if ((found = take('tag'))) rules.push({ type: 'tag', name: unescape(found[0]).toLowerCase(), namespace: null });
      const equals = (name, action, value) => ({ type: 'attribute', name, action, value: unescape(value), namespace: null, ignoreCase: false });
      for (;;) {
        if ((found = take('id'))) rules.push(equals('id', 'equals', found[1]));
        else if ((found = take('class'))) rules.push(equals('class', 'element', found[1]));
        else if (take('bracket')) rules.push(attribute());
        else if ((found = take('pseudo'))) {
          const name = unescape(found[1]).toLowerCase();
          rules.push({ type: 'pseudo', name, ...pseudo(name) });
        } else break;
      }
      if (rules.length === before) fail(text, at);
    };
    const complex = (relative) => {
      const rules = [];
      take('blank');
      const first = relative && take('combinator');
      if (first) { rules.push({ type: combinators[first[0]] }); take('blank'); }
      for (;;) {
        compound(rules);
        const blank = take('blank'), found = take('combinator');
        if (found) { rules.push({ type: combinators[found[0]] }); take('blank'); }
        else if (blank && at < text.length && !',)'.includes(text[at])) rules.push({ type: 'descendant' });
        else return rules;
      }
    };
    const list = (relative) => {
      const all = [];
      do all.push(complex(relative)); while (take('comma'));
      return all;
    };
    const all = list(false);
    return at === text.length ? all : fail(text, at);
  };

  const options = {
    xmlMode: true,  // names are in lower case already, values keep theirs, and what is in <template> counts
    relativeSelector: false,
    adapter: {
      isTag: isElement,
      getName: (node) => node.name,
      getAttributeValue: (node, name) => node.attributes?.[name],
      hasAttrib: (node, name) => name in node.attributes,
      getChildren: (node) => node.children ?? [],
      getParent: (node) => node.parent,
      getSiblings: rowOf,
      prevElementSibling: (node) => beside(node, -1) ?? null,
      getText: textOf,
      removeSubsets: (nodes) => nodes.filter((node) => !ancestors(node).some((up) => nodes.includes(up))),
    },
    pseudos: {
      containsown: (node, text) => ownTextOf(node).toLowerCase().includes(text),
      matches: (node, expression) => expression.test(textOf(node)),
      matchesown: (node, expression) => expression.test(ownTextOf(node)),
      'attribute-matches': (node, { name, expression }) => name in node.attributes && expression.test(node.attributes[name]),
      link: ':is(a, area, link)[href]',
      checked: ':is(input, menuitem):is([type=checkbox i], [type=radio i])[checked], option[selected]',
      disabled: `:is(optgroup, menuitem, fieldset)[disabled], :is(button, input, select, textarea, option):is([disabled],
        fieldset[disabled] > :not(legend:first-of-type), fieldset[disabled] > :not(legend:first-of-type) *)`,
      enabled: `:is(a, area, link)[href], :is(optgroup, menuitem, fieldset):not([disabled]),
        :is(button, input, select, textarea, option):not(:disabled)`,
    },
  };
  const kept = new Map();
  return (selector) => {
    let test = kept.get(selector);
    if (test === undefined) {
      try {
        test = cssSelect.compile(read(selector), { ...options });
      } catch {
        warn(`k6/html: the selector ${JSON.stringify(selector)} cannot be read: it finds nothing`);
        test = () => false;
      }
      if (kept.size >= 1000) kept.clear();  // scripts may make selectors without end
      kept.set(selector, test);
    }
    return test;
  };
})
