// What k6's engine has of the language's library and an older V8 lacks, by the steps of ECMA-262. Evaluates to the object of
// all of it, by the name of its holder: { Array: { fromAsync }, 'Array.prototype': { toSorted, ... }, ... }.
(() => {
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const { apply } = Reflect;
  const tag = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;
  const size = Object.getOwnPropertyDescriptor(TypedArray.prototype, 'length').get;
  const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;
  const { has: setHas, add: setAdd, delete: setDelete } = Set.prototype;

  const integer = (value) => Math.trunc(Number(value)) || 0;
  const lengthOf = (object) => Math.min(Math.max(integer(object.length), 0), Number.MAX_SAFE_INTEGER);
  const thisObject = (value, name) => {
    if (value === null || value === undefined) throw new TypeError(`${name} called on null or undefined`);
    return Object(value);
  };
  const callable = (value, what) => {
    if (typeof value !== 'function') throw new TypeError(`${what} is not a function`);
    return value;
  };
  const comparator = (compare) => compare === undefined ? compare : callable(compare, 'The comparison function');
  const newLength = (length) => {
    if (length > 4294967295) throw new RangeError('Invalid array length');
    return length;
  };
  // Elements of an array-like; holes are undefined.
  const listOf = (object) => {
    const length = newLength(lengthOf(object)), list = new Array(length);
    for (let i = 0; i < length; ++i) list[i] = object[i];
    return list;
  };
  const sameKind = (array) => {
    const kind = apply(tag, array, []);
    if (kind === undefined) throw new TypeError('this is not a typed array');
    return new globalThis[kind](apply(size, array, []));
  };

  const arrayMethods = {
    toReversed() { return listOf(thisObject(this, 'Array.prototype.toReversed')).reverse(); },
    toSorted(compare) {
      comparator(compare);
      return listOf(thisObject(this, 'Array.prototype.toSorted')).sort(compare);
    },
    toSpliced(start, skipCount, ...items) {
      const object = thisObject(this, 'Array.prototype.toSpliced'), length = lengthOf(object);
      const relative = integer(start);
      const from = relative < 0 ? Math.max(length + relative, 0) : Math.min(relative, length);
      const skipped = arguments.length === 0 ? 0 : arguments.length === 1 ? length - from
        : Math.min(Math.max(integer(skipCount), 0), length - from);
      const total = length + items.length - skipped;
      if (total > Number.MAX_SAFE_INTEGER) throw new TypeError('The array would be too long');
      const result = new Array(newLength(total));
      for (let i = 0; i < from; ++i) result[i] = object[i];
      for (let i = 0; i < items.length; ++i) result[from + i] = items[i];
      for (let i = from + items.length; i < total; ++i) result[i] = object[i - items.length + skipped];
      return result;
    },
    with(index, value) {
      const object = thisObject(this, 'Array.prototype.with'), length = lengthOf(object), relative = integer(index);
      const at = relative < 0 ? length + relative : relative;
      if (at >= length || at < 0) throw new RangeError('Invalid index');
      const result = listOf(object);
      result[at] = value;
      return result;
    },
  };

  const typedArrayMethods = {
    toReversed() {
      const result = sameKind(this);
      for (let i = 0; i < result.length; ++i) result[i] = this[result.length - 1 - i];
      return result;
    },
    toSorted(compare) {
      comparator(compare);
      const result = sameKind(this);
      result.set(this);
      return result.sort(compare);
    },
    with(index, value) {
      const result = sameKind(this), relative = integer(index);
      const at = relative < 0 ? result.length + relative : relative;
      const kind = apply(tag, this, []);
      const element = kind === 'BigInt64Array' || kind === 'BigUint64Array' ? BigInt(value) : Number(value);
      if (at >= result.length || at < 0) throw new RangeError('Invalid index');
      result.set(this);
      result[at] = element;
      return result;
    },
  };

  const groups = (items, choose, keyOf) => {
    if (items === null || items === undefined) throw new TypeError(`${items} is not iterable`);
    callable(choose, 'The grouping function');
    const found = new Map();
    let index = 0;
    for (const item of items) {
      const key = keyOf(choose(item, index++));
      const group = found.get(key);
      if (group === undefined) found.set(key, [item]);
      else group.push(item);
    }
    return found;
  };

  // What may stand beside a set: something with a size, has() and keys().
  const setRecord = (other) => {
    if (typeof other !== 'object' && typeof other !== 'function' || other === null) throw new TypeError('The other set is not an object');
    const number = Number(other.size);
    if (Number.isNaN(number)) throw new TypeError('The size of the other set is not a number');
    const count = Math.trunc(number);
    if (count < 0) throw new RangeError('The size of the other set is negative');
    const has = callable(other.has, 'has of the other set'), keys = callable(other.keys, 'keys of the other set');
    return {
      size: count,
      has: (value) => Boolean(apply(has, other, [value])),
      * keys() {
        const iterator = apply(keys, other, []);
        if (typeof iterator !== 'object' || iterator === null) throw new TypeError('keys of the other set gives no iterator');
        const next = iterator.next;
        let done = false;
        try {
          for (;;) {
            const step = apply(next, iterator, []);
            done = step.done;
            if (done) return;
            yield step.value;
          }
        } finally {
          if (!done && iterator.return !== undefined) iterator.return();
        }
      },
    };
  };
  const sizeOf = (set) => apply(setSize, set, []);  // throws unless it is a set
  const setMethods = {
    union(other) {
      sizeOf(this);
      const record = setRecord(other), keys = record.keys(), result = new Set(this);
      for (const value of keys) apply(setAdd, result, [value]);
      return result;
    },
    intersection(other) {
      const own = sizeOf(this), record = setRecord(other), result = new Set();
      if (own <= record.size) {
        for (const value of new Set(this)) if (record.has(value)) apply(setAdd, result, [value]);
      } else {
        for (const value of record.keys()) if (apply(setHas, this, [value])) apply(setAdd, result, [value]);
      }
      return result;
    },
    difference(other) {
      const own = sizeOf(this), record = setRecord(other), result = new Set(this);
      if (own <= record.size) {
        for (const value of new Set(this)) if (record.has(value)) apply(setDelete, result, [value]);
      } else {
        for (const value of record.keys()) apply(setDelete, result, [value]);
      }
      return result;
    },
    symmetricDifference(other) {
      sizeOf(this);
      const record = setRecord(other), keys = record.keys(), result = new Set(this);
      for (const value of keys) apply(apply(setHas, this, [value]) ? setDelete : setAdd, result, [value]);
      return result;
    },
    isSubsetOf(other) {
      const own = sizeOf(this), record = setRecord(other);
      if (own > record.size) return false;
      for (const value of new Set(this)) if (!record.has(value)) return false;
      return true;
    },
    isSupersetOf(other) {
      const own = sizeOf(this), record = setRecord(other);
      if (own < record.size) return false;
      for (const value of record.keys()) if (!apply(setHas, this, [value])) return false;
      return true;
    },
    isDisjointFrom(other) {
      const own = sizeOf(this), record = setRecord(other);
      if (own <= record.size) {
        for (const value of new Set(this)) if (record.has(value)) return false;
      } else {
        for (const value of record.keys()) if (apply(setHas, this, [value])) return false;
      }
      return true;
    },
  };

  const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const capability = (constructor) => {
    const result = {};
    result.promise = new constructor((resolve, reject) => { Object.assign(result, { resolve, reject }); });
    return { promise: result.promise, resolve: result.resolve, reject: result.reject };
  };
  const isConstructor = (value) => {
    try {
      Reflect.construct(Object, [], value);
      return true;
    } catch {
      return false;
    }
  };

  return {
    Array: {
      async fromAsync(items, map = undefined, thisArg = undefined) {
        if (map !== undefined) callable(map, 'The mapping function');
        const usesIterator = items[Symbol.asyncIterator] !== undefined && items[Symbol.asyncIterator] !== null ||
          items[Symbol.iterator] !== undefined && items[Symbol.iterator] !== null;
        const length = usesIterator ? 0 : lengthOf(items);
        const result = isConstructor(this) ? (usesIterator ? new this() : new this(length)) : new Array(length);
        let index = 0;
        const put = async (item) => {
          const value = map === undefined ? item : await apply(map, thisArg, [item, index]);
          Object.defineProperty(result, index++, { value, writable: true, enumerable: true, configurable: true });
        };
        if (usesIterator) {
          for await (const item of items) await put(item);
        } else {
          while (index < length) await put(await items[index]);
        }
        result.length = index;
        return result;
      },
    },
    'Array.prototype': arrayMethods,
    'TypedArray.prototype': typedArrayMethods,
    Object: {
      groupBy(items, choose) {
        const result = Object.create(null);
        for (const [key, group] of groups(items, choose, (key) => (typeof key === 'symbol' ? key : String(key)))) result[key] = group;
        return result;
      },
    },
    Map: { groupBy: (items, choose) => groups(items, choose, (key) => key) },
    Promise: {
      withResolvers() { return capability(this); },
      try(call, ...args) { return new this((resolve) => resolve(call(...args))); },
    },
    'Set.prototype': setMethods,
    'String.prototype': {
      isWellFormed() { return !new RegExp(LONE, '').test(String(thisText(this))); },
      toWellFormed() { return String(thisText(this)).replace(LONE, '\ufffd'); },
    },
  };

  function thisText(value) {
    if (value === null || value === undefined) throw new TypeError('called on null or undefined');
    return value;
  }
})()
