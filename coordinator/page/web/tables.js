// Tables that can be sorted and searched. What is chosen stays when a table is rendered anew.
const sorting = new Map(); // panel -> { column, descending }
const searching = new Map(); // panel -> text

function sortKey(cell) {
  if (!cell) return '';
  const number = cell.dataset.v;
  return number === undefined ? cell.textContent : Number(number);
}

function sortRows(table, { column, descending }) {
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => {
    const left = sortKey(a.cells[column]);
    const right = sortKey(b.cells[column]);
    const numbers = typeof left === 'number' && typeof right === 'number';
    // What has no number stands below in either order.
    if (!numbers && typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
    const order = numbers ? left - right : left.localeCompare(right);
    return descending ? -order : order;
  });
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    if (index === column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  });
}

function searchRows(panel, table) {
  const wanted = (searching.get(panel) || '').toLowerCase();
  for (const row of table.tBodies[0].rows) {
    row.hidden = wanted !== '' && !row.cells[0].textContent.toLowerCase().includes(wanted);
  }
}

function makeSortable(panel, table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = make('button', { type: 'button', textContent: head.textContent });
    button.addEventListener('click', () => {
      const before = sorting.get(panel);
      const descending = before && before.column === column ? !before.descending : head.classList.contains('n');
      sorting.set(panel, { column, descending });
      sortRows(table, { column, descending });
    });
    head.replaceChildren(button);
  });
  if (sorting.has(panel)) sortRows(table, sorting.get(panel));
  searchRows(panel, table);
}

// A field above the table of requests, once there are many of them.
function offerSearch(panel, holder, table) {
  if (table.tBodies[0].rows.length < 12 || holder.previousElementSibling?.classList.contains('filter')) return;
  const field = make('input', { type: 'search', className: 'filter', placeholder: 'Filter by name' });
  field.setAttribute('aria-label', 'Filter by name');
  field.addEventListener('input', () => {
    searching.set(panel, field.value);
    for (const each of holder.querySelectorAll('table')) searchRows(panel, each);
  });
  holder.before(field);
}

function enhancePanel(holder) {
  const name = holder.dataset.panel;
  holder.querySelectorAll('table').forEach((table, index) => {
    makeSortable(`${name}/${index}`, table);
    if (name === 'requests' || name === 'metrics') offerSearch(`${name}/${index}`, holder, table);
  });
}

// Shows what has changed of the panels; leaves alone what is being read with the keyboard or selected.
function showPanels(panels) {
  for (const [name, html] of Object.entries(panels)) {
    const holder = document.querySelector(`[data-panel="${name}"]`);
    if (!holder || holder.dataset.shown === html) continue;
    const selection = document.getSelection();
    if (!selection.isCollapsed && holder.contains(selection.anchorNode)) continue;
    const open = holder.querySelector('details[open]') !== null;
    const place = [...holder.querySelectorAll('.scroll')].map((each) => [each.scrollLeft, each.scrollTop]);
    const focused = holder.contains(document.activeElement)
      ? [...holder.querySelectorAll('button, [tabindex], summary')].indexOf(document.activeElement) : -1;
    holder.innerHTML = html;
    holder.dataset.shown = html;
    enhancePanel(holder);
    if (open) holder.querySelector('details')?.setAttribute('open', '');
    holder.querySelectorAll('.scroll').forEach((each, index) => {
      if (place[index]) [each.scrollLeft, each.scrollTop] = place[index];
      if (each.classList.contains('log')) each.scrollTop = each.scrollHeight;
    });
    if (focused >= 0) holder.querySelectorAll('button, [tabindex], summary')[focused]?.focus({ preventScroll: true });
    const section = holder.closest('section[id]');
    if (section) section.hidden = html === '';
  }
}
