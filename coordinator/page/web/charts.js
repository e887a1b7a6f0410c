// Which charts there are.
const withBaseline = (columns, names) => {
  const result = { ...columns };
  for (const name of names) result[`base ${name}`] = baselineColumn(name) || [];
  return result;
};
const baselineLine = (name, label) => (series.baseline?.series
  ? [{ name: `base ${name}`, label, colour: '--c-grey', dash: [5, 4], width: 1.4, span: true }] : []);

// Of a request, in their order.
const PHASES = [
  ['http_req_blocked', 'blocked', '--c-grey'],
  ['http_req_connecting', 'connecting', '--c-orange'],
  ['http_req_tls_handshaking', 'TLS', '--c-purple'],
  ['http_req_sending', 'sending', '--c-green'],
  ['http_req_waiting', 'waiting', '--c-blue'],
  ['http_req_receiving', 'receiving', '--c-sky'],
];

function addMainCharts(parent) {
  new Plot(parent, {
    title: 'Requests', unit: 'per second, by class of answer', format: formatCount, stacked: !series.baseline?.series, lines: [
      ...(series.baseline?.series ? [{ name: 'requests', label: 'all', colour: '--c-blue', width: 2 }] : [
        { name: '2xx', label: '2xx', colour: '--c-blue' },
        { name: '3xx', label: '3xx', colour: '--c-sky' },
        { name: '4xx', label: '4xx', colour: '--c-orange' },
        { name: '5xx', label: '5xx', colour: '--c-red' },
        { name: 'error', label: 'no answer', colour: '--c-purple' },
        { name: 'other', label: 'other', colour: '--c-grey', off: true },
      ]),
      ...baselineLine('requests', 'baseline'),
    ],
    values: () => withBaseline(series.columns, ['requests']),
  });
  new Plot(parent, {
    title: 'Errors', unit: 'per second, by class', format: formatCount, lines: [
      { name: 'failed', label: 'failed', colour: '--c-red', fill: true, width: 2 },
      { name: '4xx', label: '4xx', colour: '--c-orange', dash: [6, 3] },
      { name: '5xx', label: '5xx', colour: '--text', dash: [2, 3] },
      { name: 'error', label: 'no answer', colour: '--c-purple' },
      ...baselineLine('failed', 'baseline, failed'),
    ],
    values: () => withBaseline(series.columns, ['failed']),
  });
  new Plot(parent, {
    title: 'Response times', unit: 'percentiles', format: formatTime, lines: [
      { name: 'p50', label: 'med', colour: '--c-blue', width: 2, span: true },
      { name: 'p90', label: 'p(90)', colour: '--c-green', dash: [8, 3], span: true },
      { name: 'p95', label: 'p(95)', colour: '--c-orange', span: true },
      { name: 'p99', label: 'p(99)', colour: '--c-red', dash: [4, 2], span: true },
      { name: 'max', label: 'max', colour: '--c-grey', dash: [1, 3], off: true, span: true },
      ...baselineLine('p95', 'baseline, p(95)'),
    ],
    values: () => withBaseline(series.columns, ['p95']),
  });
  addHeatMap(parent);
  new Plot(parent, {
    title: 'VUs', unit: 'at work and initialised', format: formatCount, lines: [
      { name: 'vus', label: 'at work', colour: '--c-green', fill: true, width: 2 },
      { name: 'vus_max', label: 'initialised', colour: '--c-grey', dash: [5, 4] },
    ],
    values: () => series.columns,
  });
  new Plot(parent, {
    title: 'Iterations', unit: 'per second', format: formatCount, lines: [
      { name: 'iterations', label: 'ended', colour: '--c-green', width: 2 },
      { name: 'dropped', label: 'dropped', colour: '--c-red', dash: [4, 2] },
    ],
    values: () => series.columns,
  });
  new Plot(parent, {
    title: 'Data', unit: 'per second', format: formatBytes, lines: [
      { name: 'received', label: 'received', colour: '--c-blue', width: 2 },
      { name: 'sent', label: 'sent', colour: '--c-orange', dash: [6, 3] },
    ],
    values: () => series.columns,
  });
  new Plot(parent, {
    title: 'Where the time goes', unit: 'of a request, on average', format: formatTime, stacked: true,
    lines: PHASES.map(([name, label, tint]) => ({ name, label, colour: tint })),
    values: () => Object.fromEntries(PHASES.map(([name]) => [name, series.metrics.get(name)?.columns.avg || []])),
  });
}

const LANES_OF = {
  counter: [{ name: 'rate', label: 'per second', colour: '--c-blue' }],
  gauge: [{ name: 'value', label: 'value', colour: '--c-green', span: true }],
  rate: [{ name: 'rate', label: 'true', colour: '--c-purple', span: true }],
  trend: [
    { name: 'p50', label: 'med', colour: '--c-blue', span: true },
    { name: 'p95', label: 'p(95)', colour: '--c-orange', span: true },
    { name: 'max', label: 'max', colour: '--c-grey', dash: [1, 3], off: true, span: true },
  ],
};
const customCharts = new Map();

// A chart for each metric that has none yet. The script's own come as they are first measured.
function addMetricCharts() {
  for (const metric of series.metrics.values()) {
    if (customCharts.has(metric.name) || PHASES.some(([name]) => name === metric.name)) continue;
    const format = metric.type === 'rate' ? formatShare : FORMATS[metric.contains] || formatCount;
    customCharts.set(metric.name, new Plot(byId('custom'), {
      title: metric.name, unit: metric.type, format, height: 130, lines: LANES_OF[metric.type] || LANES_OF.gauge,
      values: () => series.metrics.get(metric.name)?.columns || {},
    }));
  }
  byId('s-custom').hidden = customCharts.size === 0;
}

function draw() {
  addMetricCharts();
  drawPlots();
  drawLanes();
}

// Of what can be seen, that which was not drawn for longest. False: there is nothing new to any of it.
function drawStalest() {
  let stalest = null;
  for (const each of [...plots, lanes]) {
    if (each.seen && each.drawn !== series.version && each.drawn < (stalest?.drawn ?? Infinity)) stalest = each;
  }
  stalest?.draw();
  return stalest !== null;
}

// With the next pictures, a chart in each: drawing an hour takes long, and the page is to answer meanwhile. One that nobody
// looks at has no pictures, and then all that has come is drawn once.
let drawing = false;
function drawSoon() {
  addMetricCharts();
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(function drawNext() {
    drawing = drawStalest();
    if (drawing) requestAnimationFrame(drawNext);
  });
}
