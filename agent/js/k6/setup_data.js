// What setup() returns, as k6 writes it: undefined members become null, dates lose a fraction of nothing, zero keeps its sign, and a
// function or a number that is not finite is a mistake. Evaluates to the function (value) => text.
(value) => {
  const negativeZero = `-0 ${Math.random()}`;
  const json = JSON.stringify(value, function (key, item) {
    const raw = this[key];
    if (raw instanceof Date) {
      return item === null ? null : item.replace('.000Z', 'Z');
    }
    if (typeof item === 'function' || typeof item === 'symbol') {
      throw new TypeError(`setup() returned data that JSON cannot hold: ${key || 'the result'} is a ${typeof item}`);
    }
    if (typeof item === 'number' && !Number.isFinite(item)) {
      throw new TypeError(`setup() returned data that JSON cannot hold: ${key || 'the result'} is ${item}`);
    }
    return item === undefined ? null : Object.is(item, -0) ? negativeZero : item;
  });
  return json.replaceAll(`"${negativeZero}"`, '-0');
}
