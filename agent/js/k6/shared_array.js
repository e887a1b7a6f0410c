// What a script sees of a SharedArray. Evaluates to the function (load, length) => array: a proxy over an empty array, so that it is
// an array for Array.isArray, JSON and the methods of arrays, whose elements load(index) makes on each access, deeply frozen.
(function (load, length) {
  const freeze = (value) => {
    if (value !== null && typeof value === 'object') {
      Object.values(value).forEach(freeze);
      Object.freeze(value);
    }
    return value;
  };
  const indexOf = (key) => {
    if (typeof key !== 'string') return -1;
    const index = Number(key);
    return Number.isInteger(index) && index >= 0 && index < length && String(index) === key ? index : -1;
  };
  const element = (index) => freeze(load(index));
  const refuse = () => { throw new TypeError('SharedArray is immutable'); };
  return new Proxy([], {
    get(target, key) {
      if (key === 'length') return length;
      const index = indexOf(key);
      return index < 0 ? Array.prototype[key] : element(index);
    },
    has: (target, key) => key === 'length' || indexOf(key) >= 0 || key in Array.prototype,
    ownKeys: () => [...Array.from({ length }, (_, i) => String(i)), 'length'],
    getOwnPropertyDescriptor(target, key) {
      if (key === 'length') return { value: length, writable: true, enumerable: false, configurable: false };
      const index = indexOf(key);
      if (index < 0) return undefined;
      // Not its value: whoever only lists the keys need not load all elements.
      return { get: () => element(index), enumerable: true, configurable: true };
    },
    set: refuse, deleteProperty: refuse, defineProperty: refuse, setPrototypeOf: refuse, preventExtensions: refuse,
  });
})
