// Agents over time: a row for each, with small curves.
const LANE_COLUMNS = [
  { name: 'vus', label: 'VUs', colour: '--c-green', format: formatCount },
  { name: 'requests', label: 'Requests', colour: '--c-blue', format: (value) => `${formatCount(value)}/s` },
  { name: 'cpu', label: 'Processor', colour: '--c-orange', format: formatShare, top: 1 },
  { name: 'lag', label: 'Lag', colour: '--c-purple', format: formatTime },
];
const laneRows = new Map(); // agent -> canvases and outputs

function addLane(parent, name) {
  const row = make('div', { className: 'lane' }, make('span', { className: 'name', textContent: name }));
  const cells = LANE_COLUMNS.map((column) => {
    const canvas = make('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    const output = make('output');
    output.setAttribute('aria-label', `${column.label} of ${name}`);
    row.append(make('div', { className: 'spark' }, canvas, output));
    return { canvas, output };
  });
  parent.append(row);
  laneRows.set(name, cells);
  return cells;
}

function drawSpark(canvas, values, column) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width) return;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const ctx = canvas.getContext('2d');
  ctx.scale(devicePixelRatio, devicePixelRatio);
  // Not more columns than pixels: the largest value of each counts.
  const bins = Math.min(values.length, Math.floor(width));
  const most = values.reduce((max, value) => Math.max(max, value || 0), column.top || 1e-9);
  ctx.beginPath();
  for (let bin = 0; bin < bins; bin += 1) {
    const from = Math.floor((bin * values.length) / bins);
    const to = Math.max(Math.floor(((bin + 1) * values.length) / bins), from + 1);
    let value = 0;
    for (let i = from; i < to; i += 1) value = Math.max(value, values[i] || 0);
    const x = bins > 1 ? (bin * width) / (bins - 1) : 0;
    const y = height - 2 - (value / most) * (height - 4);
    if (bin === 0) ctx.moveTo(x, y);
    else ctx.lineTo(x, y);
    if (bins === 1) ctx.lineTo(width, y);  // one value is a level, not a slope
  }
  ctx.strokeStyle = colour(column.colour);
  ctx.lineWidth = 1.5;
  ctx.stroke();
  ctx.lineTo(width, height);
  ctx.lineTo(0, height);
  ctx.globalAlpha = 0.15;
  ctx.fillStyle = colour(column.colour);
  ctx.fill();
}

function lastOf(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    if (values[i] !== null) return values[i];
  }
  return null;
}

// As a chart: drawn while they can be seen, and again only if there is something new. Who has come has a row at once.
const lanes = {
  inSight: false,
  drawn: -1,
  draw: drawLanes,
  get seen() {
    return this.inSight || laneRows.size !== series.agents.size;
  },
};
const laneSight = new IntersectionObserver((entries) => {
  lanes.inSight = entries[entries.length - 1].isIntersecting;
  if (lanes.inSight) drawLanes();
}, { rootMargin: '200px' });

function drawLanes() {
  const section = byId('s-lanes');
  section.hidden = series.agents.size === 0;
  laneSight.observe(section);
  if (lanes.drawn === series.version) return;
  lanes.drawn = series.version;
  const parent = byId('lanes');
  if (!parent.firstChild && series.agents.size > 0) {
    parent.append(make('div', { className: 'lane head' }, make('span', { textContent: 'Agent' }),
      ...LANE_COLUMNS.map((column) => make('span', { textContent: column.label }))));
  }
  for (const agent of series.agents.values()) {
    const cells = laneRows.get(agent.name) || addLane(parent, agent.name);
    LANE_COLUMNS.forEach((column, i) => {
      const values = agent.columns[column.name] || [];
      drawSpark(cells[i].canvas, values, column);
      const last = lastOf(values);
      cells[i].output.textContent = last === null ? '–' : column.format(last);
    });
  }
}

function drawLanesAnew() {
  lanes.drawn = -1;
  drawLanes();
}

// What was never looked at is printed, too.
addEventListener('beforeprint', drawLanesAnew);
themeListeners.push(() => { if (series.points > 0) drawLanesAnew(); });
