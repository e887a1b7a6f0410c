// What a script exports as `options`, as JSON. JSON has no number that is not finite: one is a mistake, and nearly always comes of a
// variable that is not set. Evaluates to the function (options) => [text, mistake, ...].
(options) => {
  const places = new Map();
  const mistakes = [];
  const text = JSON.stringify(options, function (key, item) {
    const parent = places.get(this);
    const place = !parent ? key : Array.isArray(this) ? `${parent}[${key}]` : `${parent}.${key}`;
    if (typeof item === 'number' && !Number.isFinite(item)) {
      mistakes.push(`${place}: invalid value ${item}: expected a number`);
    }
    if (typeof item === 'object' && item !== null) {
      places.set(item, place);
    }
    return item;
  });
  return [text, ...mistakes];
}
