// One chart: a figure with a title, lines or stacked areas, and a legend of buttons that shows values. It is drawn while
// it can be seen, and again only if there is something new.
const plots = [];
const cursors = uPlot.sync('time');

const visible = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const plot = plots.find((each) => each.holder === entry.target);
    if (!plot) continue;
    plot.seen = entry.isIntersecting;
    if (plot.seen) plot.draw();
  }
}, { rootMargin: '200px' });

const sized = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const plot = plots.find((each) => each.holder === entry.target);
    if (plot?.chart) plot.chart.setSize({ width: plot.width(), height: plot.height });
  }
});

// A strip along the top where any threshold was failing.
function drawFailures(chart) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = colour('--c-red');
  for (const threshold of series.thresholds) {
    for (const [from, to] of threshold.failing) {
      const left = Math.max(chart.valToPos(from, 'x', true), bbox.left);
      const right = Math.min(Math.max(chart.valToPos(to, 'x', true), left + 3), bbox.left + bbox.width);
      if (right > left) ctx.fillRect(left, bbox.top, right - left, 4 * devicePixelRatio);
    }
  }
  ctx.restore();
}

function axes(format) {
  const look = {
    stroke: () => colour('--dim'), font: '11px system-ui, sans-serif',
    grid: { stroke: () => colour('--grid'), width: 1 }, ticks: { stroke: () => colour('--grid'), width: 1, size: 4 },
  };
  return [
    { ...look, space: 70, size: 28, values: (_, ticks) => ticks.map(formatClock),
      incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400] },
    { ...look, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) },
  ];
}

class Plot {
  // spec: title, unit, format, lines: [{ name, label, colour, dash, fill, off }], stacked, values: () => columns by name,
  // height, options: what goes over uPlot's.
  constructor(parent, spec) {
    this.spec = spec;
    this.height = spec.height || 190;
    this.drawn = -1;
    this.hidden = new Set(spec.lines.filter((line) => line.off).map((line) => line.name));
    this.holder = make('div', { className: 'plot', tabIndex: 0 });
    this.holder.setAttribute('role', 'img');
    this.legend = make('div', { className: 'legend' });
    this.outputs = spec.lines.map((line) => this.addLegend(line));
    this.figure = make('figure', { className: 'chart' },
      make('figcaption', {}, make('h3', { textContent: spec.title }), make('span', { className: 'unit', textContent: spec.unit || '' })),
      this.holder, this.legend);
    parent.append(this.figure);
    this.holder.addEventListener('keydown', (event) => this.onKey(event));
    this.describe();
    plots.push(this);
    visible.observe(this.holder);
    sized.observe(this.holder);
  }

  addLegend(line) {
    const output = make('span', { className: 'value' });
    const marker = make('span', { className: 'marker' });
    const paint = () => { marker.style.background = colour(line.colour); };
    paint();
    themeListeners.push(paint);
    if (line.dash) marker.classList.add('dashed');
    const button = make('button', { type: 'button' }, marker, make('span', { textContent: line.label }), output);
    button.setAttribute('aria-pressed', String(!this.hidden.has(line.name)));
    button.addEventListener('click', () => {
      if (!this.hidden.delete(line.name)) this.hidden.add(line.name);
      button.setAttribute('aria-pressed', String(!this.hidden.has(line.name)));
      this.drawn = -1;
      this.draw();
    });
    this.legend.append(button);
    return output;
  }

  width() {
    return Math.max(this.holder.clientWidth, 50);
  }

  columns() {
    const values = this.spec.values();
    const columns = this.spec.lines.map((line) => values[line.name] || []);
    this.raw = columns;
    if (!this.spec.stacked) return columns.map((column, i) => (this.shows(i) ? column : column.map(() => null)));
    // Each area reaches down to zero, the highest one is drawn first.
    let below = new Array(series.points).fill(0);
    const stacked = columns.map((column, i) => {
      if (this.shows(i)) below = below.map((sum, at) => sum + (column[at] || 0));
      return below;
    });
    return stacked.reverse();
  }

  shows(index) {
    return !this.hidden.has(this.spec.lines[index].name);
  }

  draw() {
    if (!this.seen || this.drawn === series.version) return;
    this.drawn = series.version;
    const data = [times(), ...this.columns()];
    if (this.chart) this.chart.setData(data, !this.zoomed());
    else if (series.points > 0) this.create(data);
    this.showValues(null);
    this.describe();
  }

  zoomed() {
    const { min, max } = this.chart.scales.x;
    const all = this.chart.data[0];
    return all.length > 1 && min !== null && (min > all[0] || max < all[all.length - 1]);
  }

  create(data) {
    const { spec } = this;
    const lines = spec.stacked ? [...spec.lines].reverse() : spec.lines;
    this.chart = new uPlot({
      width: this.width(), height: this.height, legend: { show: false },
      cursor: { sync: { key: cursors.key }, points: { size: 6 }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(low ?? 0, 0), high > 0 ? high * 1.08 : 1], ...spec.scale } },
      axes: axes(spec.format),
      series: [{}, ...lines.map((line) => ({
        label: line.label, stroke: () => colour(line.colour), width: line.width || 1.6, dash: line.dash,
        fill: spec.stacked ? () => colour(line.colour) : line.fill ? () => `${colour(line.colour)}33` : undefined,
        points: { show: series.points < 3 }, spanGaps: line.span, paths: spec.paths,
      }))],
      hooks: {
        draw: [drawFailures, ...(spec.draw || [])],
        setCursor: [(chart) => this.showValues(chart.cursor.idx)],
      },
      ...spec.options,
    }, data, this.holder);
  }

  // Of a moment; null: of the last one.
  showValues(index) {
    const at = index ?? series.points - 1;
    this.raw?.forEach((column, i) => {
      const value = column[at];
      this.outputs[i].textContent = value === null || value === undefined ? '–' : this.spec.format(value);
    });
  }

  describe() {
    const parts = this.spec.lines.filter((line, i) => this.shows(i))
      .map((line) => `${line.label} ${this.outputs[this.spec.lines.indexOf(line)].textContent || '–'}`);
    this.holder.setAttribute('aria-label', `${this.spec.title}: ${parts.join(', ')}`);
  }

  onKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!this.chart || (!step && !['Home', 'End', 'Escape'].includes(event.key))) return;
    event.preventDefault();
    const last = series.points - 1;
    if (event.key === 'Escape') {
      this.chart.setScale('x', { min: 0, max: last * series.step });
      return;
    }
    const from = this.chart.cursor.idx ?? last;
    const index = event.key === 'Home' ? 0 : event.key === 'End' ? last : Math.min(Math.max(from + step, 0), last);
    this.chart.setCursor({ left: this.chart.valToPos(index * series.step, 'x'), top: 10 });
    this.showValues(index);
    this.describe();
  }
}

function drawPlots() {
  for (const plot of plots) plot.draw();
}

// What was never looked at is printed, too.
addEventListener('beforeprint', () => {
  for (const plot of plots) plot.seen = true;
  drawPlots();
});

themeListeners.push(() => {
  for (const plot of plots) plot.chart?.redraw(false);
});
