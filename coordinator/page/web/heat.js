// The heat map of response times, and their distribution.
const HEAT_PER_OCTAVE = 4;
const SPREAD_PER_OCTAVE = 16;
const LOWEST = -40; // what is shorter than a nanosecond is drawn there

// The first and the last bucket that have anything.
function heatRange() {
  let low = Infinity;
  let high = -Infinity;
  for (const point of series.heat) {
    for (let i = 0; i < point.length; i += 2) {
      const index = Math.max(point[i], LOWEST);
      low = Math.min(low, index);
      high = Math.max(high, index);
    }
  }
  return low > high ? { low: 0, high: 8 } : { low, high };
}

// As many columns as there are pixels at most: neighbours are added up. counts[row + rows * column], the slowest first.
function heatCounts(width, low, rows) {
  const each = Math.max(Math.ceil(series.heat.length / Math.max(width, 1)), 1);
  const columns = Math.ceil(series.heat.length / each);
  const counts = new Float64Array(rows * columns);
  let most = 1;
  series.heat.forEach((point, at) => {
    const last = Math.floor(at / each) * rows + rows - 1;
    for (let i = 0; i < point.length; i += 2) {
      const place = last - (Math.max(point[i], LOWEST) - low);
      counts[place] += point[i + 1];
      most = Math.max(most, counts[place]);
    }
  });
  return { each, columns, counts, most };
}

// One pixel for each column and bucket, which the chart stretches: its axis is that of the buckets.
function heatImage(width) {
  const { low, high } = heatRange();
  const rows = high - low + 1;
  const { each, columns, counts, most } = heatCounts(width, low, rows);
  const image = new ImageData(Math.max(columns, 1), rows);
  const tint = colour('--heat').split(',').map(Number);
  counts.forEach((count, place) => {
    const pixel = 4 * ((place % rows) * image.width + Math.floor(place / rows));
    image.data.set(tint, pixel);
    image.data[pixel + 3] = count > 0 ? 255 * (0.12 + 0.88 * Math.sqrt(count / most)) : 0;
  });
  return { image, low, high, seconds: columns * each * series.step };
}

const heatCanvas = make('canvas');

function drawHeat(chart) {
  const { ctx, bbox } = chart;
  const { min, max } = chart.scales.x;
  if (series.heat.length === 0) return;
  const shown = Math.max((max - min) / series.step, 1);
  const { image, low, high, seconds } = heatImage((bbox.width * series.heat.length) / shown);
  heatCanvas.width = image.width;
  heatCanvas.height = image.height;
  heatCanvas.getContext('2d').putImageData(image, 0, 0);
  const left = chart.valToPos(0, 'x', true);
  const top = chart.valToPos(2 ** (high / HEAT_PER_OCTAVE), 'y', true);
  const bottom = chart.valToPos(2 ** ((low - 1) / HEAT_PER_OCTAVE), 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(heatCanvas, left, top, chart.valToPos(seconds, 'x', true) - left, bottom - top);
  ctx.restore();
}

// 1, 2, 5, 10, ... of those in the range: five at most.
function heatTicks() {
  const { low, high } = heatRange();
  const ticks = [];
  for (let power = -6; power <= 8; power += 1) {
    for (const digit of [1, 2, 5]) {
      const value = digit * 10 ** power;
      if (value >= 2 ** ((low - 1) / HEAT_PER_OCTAVE) && value <= 2 ** (high / HEAT_PER_OCTAVE)) ticks.push(value);
    }
  }
  const step = Math.ceil(ticks.length / 5);
  return ticks.filter((_, index) => index % step === 0);
}

function addHeatMap(parent) {
  const [time, duration] = axes(formatTime);
  return new Plot(parent, {
    title: 'Response times, heat map', unit: 'the stronger, the more requests', format: formatTime, lines: [
      { name: 'p50', label: 'med', colour: '--text', dash: [2, 3], width: 1.2, span: true },
    ],
    values: () => series.columns,
    scale: {
      distr: 3, log: 2,
      range: () => {
        const { low, high } = heatRange();
        return [2 ** ((low - 1) / HEAT_PER_OCTAVE), 2 ** (high / HEAT_PER_OCTAVE)];
      },
    },
    options: {
      hooks: { drawAxes: [drawHeat], draw: [drawFailures] },
      axes: [time, { ...duration, splits: () => heatTicks() }],
    },
  });
}

// Shares of the requests by bucket: those as expected above the line, failed ones below it.
function distributionColumns() {
  const { expected, failed } = series.distribution;
  const counts = new Map();
  let low = Infinity;
  let high = -Infinity;
  for (const [list, at] of [[expected, 0], [failed, 1]]) {
    for (let i = 0; i < list.length; i += 2) {
      const index = Math.max(list[i], LOWEST * 4);
      low = Math.min(low, index);
      high = Math.max(high, index);
      const pair = counts.get(index) || [0, 0];
      pair[at] += list[i + 1];
      counts.set(index, pair);
    }
  }
  const indices = [];
  for (let index = low - 2; index <= high + 2 && low <= high; index += 1) indices.push(index);
  return [indices, indices.map((index) => counts.get(index)?.[0] || 0), indices.map((index) => -(counts.get(index)?.[1] || 0))];
}

class Distribution extends Plot {
  draw() {
    if (!this.seen || this.drawn === series.version) return;
    this.drawn = series.version;
    const data = distributionColumns();
    this.raw = [[data[1].reduce((sum, each) => sum + each, 0)], [-data[2].reduce((sum, each) => sum + each, 0)]];
    data[1] = this.shows(0) ? data[1] : data[1].map(() => null);
    data[2] = this.shows(1) ? data[2] : data[2].map(() => null);
    if (this.chart) this.chart.setData(data);
    else if (data[0].length > 0) this.create(data);
    this.outputs.forEach((output, i) => { output.textContent = formatCount(this.raw[i][0]); });
    this.describe();
  }

  showValues() {} // they are of the whole run

  onKey() {}
}

function addDistribution(parent) {
  const [time, count] = axes((value) => formatCount(Math.abs(value)));
  return new Distribution(parent, {
    title: 'Distribution', unit: 'requests by response time; failed ones below the line', format: formatCount, lines: [
      { name: 'expected', label: 'as expected', colour: '--c-blue', fill: true },
      { name: 'failed', label: 'failed', colour: '--c-red', fill: true },
    ],
    values: () => ({}),
    scale: { range: (_, low, high) => [Math.min(low ?? 0, 0) * 1.1, Math.max(high ?? 1, 1) * 1.1] },
    paths: uPlot.paths.bars({ size: [0.9], align: 0 }),
    options: {
      hooks: {},
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      axes: [{ ...time, incrs: [16, 32, 64, 128], values: (_, ticks) => ticks.map((tick) => formatTime(2 ** (tick / SPREAD_PER_OCTAVE))) }, count],
    },
  });
}
