// The run's series, as they have come so far.
const series = {
  step: 1, points: 0, columns: {}, heat: [], metrics: new Map(), agents: new Map(), thresholds: [],
  distribution: { expected: [], failed: [] }, baseline: null,
  // Counts changes: what draws looks whether it has drawn this one.
  version: 0,
};

function splice(columns, added, first, length) {
  for (const [name, values] of Object.entries(added)) {
    const column = columns[name] || (columns[name] = []);
    column.length = Math.min(column.length, first);
    while (column.length < first) column.push(null);
    for (const value of values) column.push(value);
  }
  for (const column of Object.values(columns)) {
    while (column.length < length) column.push(null);
  }
}

function spliceLanes(lanes, added, first, length) {
  for (const lane of added) {
    let known = lanes.get(lane.name);
    if (!known) {
      known = { name: lane.name, type: lane.type, contains: lane.contains, columns: {} };
      lanes.set(lane.name, known);
    }
    splice(known.columns, lane.columns, first, length);
  }
}

// False if what has come does not follow on what is here: all of it is needed again.
function addSeries(part) {
  if (part.first === 0 || part.first === undefined) {
    Object.assign(series, { columns: {}, heat: [], metrics: new Map(), agents: new Map() });
  } else if (part.step !== series.step || part.first > series.points) {
    return false;
  }
  const first = part.first || 0;
  series.step = part.step;
  series.points = first + part.points;
  splice(series.columns, part.columns, first, series.points);
  series.heat.length = first;
  series.heat.push(...part.heat);
  spliceLanes(series.metrics, part.metrics, first, series.points);
  spliceLanes(series.agents, part.agents, first, series.points);
  series.thresholds = part.thresholds;
  series.version += 1;
  return true;
}

function times() {
  return Array.from({ length: series.points }, (_, index) => index * series.step);
}

// The column of the baseline at this run's points.
function baselineColumn(name) {
  const base = series.baseline?.series;
  const column = base?.columns[name];
  if (!column) return null;
  return Array.from({ length: series.points }, (_, index) => {
    const value = column[Math.floor((index * series.step) / base.step)];
    return value === undefined ? null : value;
  });
}
