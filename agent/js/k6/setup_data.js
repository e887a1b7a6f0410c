// What setup() returns, as k6 writes it: undefined members become null, dates lose a fraction of nothing, zero keeps its sign, sets
// are lists and maps are lists of pairs, bytes are base64, objects of the program (a Response) lose their methods; and a function of
// the script's or a number that is not finite is a mistake. Evaluates to the function (value, isHostObject, base64) => text.
(value, isHostObject, base64) => {
  const mark = `digits ${Math.random()} `;
  const refuse = (key, what) => {
    throw new TypeError(`setup() returned data that JSON cannot hold: ${key || 'the result'} is ${what}`);
  };
  const json = JSON.stringify(value, function (key, item) {
    const raw = this[key];
    if (raw instanceof Date) {
      return item === null ? null : item.replace('.000Z', 'Z');
    }
    if (item instanceof Set || item instanceof Map) {
      return [...item];
    }
    if (item instanceof Uint8Array || item instanceof Uint8ClampedArray) {
      return base64(item);
    }
    if (ArrayBuffer.isView(item) && !(item instanceof DataView)) {
      return [...item];
    }
    if (typeof item === 'function' && isHostObject(this)) {
      return undefined;
    }
    if (typeof item === 'function' || typeof item === 'symbol') {
      refuse(key, `a ${typeof item}`);
    }
    if (typeof item === 'number' && !Number.isFinite(item)) {
      refuse(key, item);
    }
    if (typeof item === 'bigint' || Object.is(item, -0)) {
      return mark + (item === 0 ? '-0' : item);
    }
    return item === undefined ? null : item;
  });
  return json.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}
