// Numbers as the rest of the page prints them, and small helpers.
const byId = (id) => document.getElementById(id);

// An element with properties and children.
function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function digits(value, most) {
  return String(Number(value.toFixed(most)));
}

const PREFIXES = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

function formatCount(value) {
  for (const [scale, prefix] of PREFIXES) {
    if (Math.abs(value) >= scale * 10) return digits(value / scale, 1) + prefix;
  }
  return digits(value, Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
}

function formatBytes(value) {
  for (const [scale, prefix] of PREFIXES) {
    if (Math.abs(value) >= scale) return `${digits(value / scale, 1)} ${prefix}B`;
  }
  return `${digits(value, 0)} B`;
}

// Milliseconds.
function formatTime(value) {
  const size = Math.abs(value);
  if (size >= 60000) return formatClock(value / 1000);
  if (size >= 1000) return `${digits(value / 1000, 2)}s`;
  if (size >= 1 || size === 0) return `${digits(value, size < 100 ? 2 : 0)}ms`;
  return `${digits(value * 1000, 1)}µs`;
}

function formatShare(value) {
  return `${digits(100 * value, 2)}%`;
}

// Seconds since the start.
function formatClock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

const FORMATS = { time: formatTime, data: formatBytes, default: formatCount };

// A colour of the present theme: '--c-blue'.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
