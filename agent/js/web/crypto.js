// WebCrypto for scripts: SHA, HMAC, AES in the modes CBC, CTR and GCM, PBKDF2 and HKDF. Evaluates to the function
// (native) => { crypto, CryptoKey }. All work is done when a method is called, on the VU's thread, which a derivation with
// millions of iterations holds up; promises come settled. Keys of pairs (RSA, ECDSA, ECDH) and AES-KW are refused by name.
((native) => {
  const fail = (name, message) => {
    const error = new Error(message);
    error.name = name;
    throw error;
  };
  // Runs what may fail for a reason in the data or the key.
  const operate = (call) => {
    try {
      return call();
    } catch (error) {
      return fail('OperationError', error.message);
    }
  };

  const bytesOf = (value, what) => {
    if (value instanceof ArrayBuffer) return value.slice(0);
    if (ArrayBuffer.isView(value)) return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
    throw new TypeError(`${what}: expected an ArrayBuffer or a view on one`);
  };
  const integer = (value, what, fallback) => {
    const number = value === undefined ? fallback : Number(value);
    if (!Number.isInteger(number) || number < 0) throw new TypeError(`${what}: expected a number, got ${value}`);
    return number;
  };

  const HASHES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };
  const BLOCK_BITS = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 };
  const ALGORITHMS = ['AES-CBC', 'AES-CTR', 'AES-GCM', 'HMAC', 'PBKDF2', 'HKDF', ...Object.keys(HASHES)];
  // An algorithm is a name in any case, or an object that has one.
  const algorithmOf = (given, allowed, what) => {
    const object = typeof given === 'object' && given !== null ? given : { name: given };
    const name = String(object.name).toUpperCase();
    if (!ALGORITHMS.includes(name) || !allowed.includes(name)) {
      fail('NotSupportedError', `${what}: algorithm ${object.name} is not supported; allowed: ${allowed.join(', ')}`);
    }
    return { ...object, name };
  };
  const hashOf = (given, what) => algorithmOf(given, Object.keys(HASHES), `${what}: hash`).name;

  const USAGES = {
    'AES-CBC': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
    'AES-CTR': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
    'AES-GCM': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
    HMAC: ['sign', 'verify'],
    PBKDF2: ['deriveKey', 'deriveBits'],
    HKDF: ['deriveKey', 'deriveBits'],
  };
  const AES = ['AES-CBC', 'AES-CTR', 'AES-GCM'];

  const material = new WeakMap();  // the bytes of each key, out of reach of scripts
  let making = false;
  class CryptoKey {
    constructor(algorithm, extractable, usages) {
      if (!making) throw new TypeError('CryptoKey has no constructor; use crypto.subtle.importKey or generateKey');
      Object.defineProperties(this, {
        type: { value: 'secret', enumerable: true },
        extractable: { value: extractable, enumerable: true },
        algorithm: { value: Object.freeze(algorithm), enumerable: true },
        usages: { value: Object.freeze(usages), enumerable: true },
      });
    }
    get [Symbol.toStringTag]() { return 'CryptoKey'; }
  }
  const makeKey = (algorithm, extractable, usages, bytes) => {
    const wanted = Array.from(usages ?? []);
    for (const usage of wanted) {
      if (!USAGES[algorithm.name].includes(usage)) {
        fail('SyntaxError', `usage ${usage} of ${algorithm.name}; allowed: ${USAGES[algorithm.name].join(', ')}`);
      }
    }
    if (wanted.length === 0) fail('SyntaxError', `a key needs usages; allowed: ${USAGES[algorithm.name].join(', ')}`);
    making = true;
    try {
      const sorted = USAGES[algorithm.name].filter((usage) => wanted.includes(usage));
      const key = new CryptoKey(algorithm, Boolean(extractable), sorted);
      material.set(key, bytes);
      return key;
    } finally {
      making = false;
    }
  };
  const keyFor = (key, algorithm, usage) => {
    if (!material.has(key)) throw new TypeError(`${usage}: expected a CryptoKey`);
    if (key.algorithm.name !== algorithm.name) {
      fail('InvalidAccessError', `${usage}: the key is for ${key.algorithm.name}, not for ${algorithm.name}`);
    }
    if (!key.usages.includes(usage)) fail('InvalidAccessError', `${usage}: not among the key's usages`);
    return material.get(key);
  };

  // The algorithm of a secret key of these bytes.
  const describe = (algorithm, bytes, what) => {
    if (AES.includes(algorithm.name)) {
      const length = bytes.byteLength * 8;
      if (![128, 192, 256].includes(length)) {
        fail('DataError', `${what}: AES key of ${length} bits; allowed: 128, 192 and 256`);
      }
      return { name: algorithm.name, length };
    }
    if (algorithm.name === 'HMAC') {
      if (bytes.byteLength === 0) fail('DataError', `${what}: an HMAC key must not be empty`);
      const length = integer(algorithm.length, `${what}: length`, bytes.byteLength * 8);
      if (length !== bytes.byteLength * 8) {
        fail('DataError', `${what}: length ${length} of a key of ${bytes.byteLength * 8} bits`);
      }
      return { name: 'HMAC', hash: { name: hashOf(algorithm.hash, what) }, length };
    }
    return { name: algorithm.name };
  };
  const lengthOf = (algorithm, what) => {
    if (algorithm.name === 'HMAC') {
      const length = integer(algorithm.length, `${what}: length`, BLOCK_BITS[hashOf(algorithm.hash, what)]);
      if (length === 0 || length % 8 !== 0 || length > 65536 * 8) {
        fail('OperationError', `${what}: length ${length}; allowed: multiples of 8 from 8 to ${65536 * 8}`);
      }
      return length;
    }
    if (![128, 192, 256].includes(algorithm.length)) {
      fail('OperationError', `${what}: AES length ${algorithm.length}; allowed: 128, 192 and 256`);
    }
    return algorithm.length;
  };

  const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const toBase64 = (buffer) => {
    const bytes = new Uint8Array(buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      const digits = Math.min(bytes.length - i, 3) + 1;
      for (let d = 0; d < digits; ++d) text += BASE64[(word >> (18 - 6 * d)) & 63];
    }
    return text;
  };
  const fromBase64 = (text) => {
    if (typeof text !== 'string' || !/^[\w-]*$/.test(text) || text.length % 4 === 1) {
      fail('DataError', 'importKey: k of the JWK is not base64url');
    }
    const bytes = [];
    for (let i = 0, word = 0; i < text.length; ++i) {
      word = ((word << 6) | BASE64.indexOf(text[i])) & 0xffffff;
      if (i % 4 > 0) bytes.push((word >> (6 - 2 * (i % 4))) & 255);
    }
    return new Uint8Array(bytes).buffer;
  };
  const jwkName = ({ name, hash, length }) =>
    name === 'HMAC' ? `HS${hash.name === 'SHA-1' ? 1 : hash.name.slice(4)}` : `A${length}${name.slice(4)}`;

  const cipher = (encrypt, given, key, data) => {
    const usage = encrypt ? 'encrypt' : 'decrypt';
    const algorithm = algorithmOf(given, AES, usage);
    const secret = keyFor(key, algorithm, usage);
    const text = bytesOf(data, `${usage}: data`);
    const none = new ArrayBuffer(0);
    let iv, additional = none, bits = 0;
    if (algorithm.name === 'AES-CTR') {
      iv = bytesOf(algorithm.counter, `${usage}: counter`);
      bits = integer(algorithm.length, `${usage}: length`);
    } else {
      iv = bytesOf(algorithm.iv, `${usage}: iv`);
    }
    if (algorithm.name === 'AES-GCM') {
      bits = integer(algorithm.tagLength, `${usage}: tagLength`, 128);
      if (algorithm.additionalData !== undefined) {
        additional = bytesOf(algorithm.additionalData, `${usage}: additionalData`);
      }
    }
    return operate(() => native.aes(algorithm.name, encrypt, secret, iv, text, additional, bits));
  };

  const derive = (given, key, length, usage) => {
    const algorithm = algorithmOf(given, ['PBKDF2', 'HKDF'], usage);
    const secret = keyFor(key, algorithm, usage);
    const hash = HASHES[hashOf(algorithm.hash, usage)];
    const salt = bytesOf(algorithm.salt, `${usage}: salt`);
    if (!Number.isInteger(length) || length < 0 || length % 8 !== 0) {
      fail('OperationError', `${usage}: length ${length}; allowed: multiples of 8`);
    }
    if (algorithm.name === 'HKDF') {
      const info = bytesOf(algorithm.info, `${usage}: info`);
      return operate(() => native.hkdf(hash, secret, salt, info, length / 8));
    }
    const iterations = integer(algorithm.iterations, `${usage}: iterations`);
    return operate(() => native.pbkdf2(hash, secret, salt, iterations, length / 8));
  };

  const sign = (given, key, data, usage) => {
    const secret = keyFor(key, algorithmOf(given, ['HMAC'], usage), usage);
    return native.hmac(HASHES[key.algorithm.hash.name], secret, bytesOf(data, `${usage}: data`));
  };

  const importKey = (format, data, given, extractable, usages) => {
    const algorithm = algorithmOf(given, Object.keys(USAGES), 'importKey');
    const derives = algorithm.name === 'PBKDF2' || algorithm.name === 'HKDF';
    if (derives && extractable) fail('SyntaxError', `importKey: a key of ${algorithm.name} cannot be extractable`);
    let bytes;
    if (format === 'raw') {
      bytes = bytesOf(data, 'importKey: key data');
    } else if (format === 'jwk' && !derives) {
      if (data?.kty !== 'oct') fail('DataError', `importKey: kty ${data?.kty} of the JWK; allowed: oct`);
      bytes = fromBase64(data.k);
    } else {
      fail('NotSupportedError', `importKey: format ${format}; allowed: raw${derives ? '' : ', jwk'}`);
    }
    const described = describe(algorithm, bytes, 'importKey');
    if (format === 'jwk' && data.alg !== undefined && data.alg !== jwkName(described)) {
      fail('DataError', `importKey: alg ${data.alg} of the JWK; this key's is ${jwkName(described)}`);
    }
    if (format === 'jwk' && data.ext === false && extractable) {
      fail('DataError', 'importKey: the JWK says that the key is not extractable');
    }
    return makeKey(described, extractable, usages, bytes);
  };

  const subtle = {
    async digest(algorithm, data) {
      const hash = algorithmOf(algorithm, Object.keys(HASHES), 'digest').name;
      return native.hash(HASHES[hash], bytesOf(data, 'digest: data'));
    },
    async encrypt(algorithm, key, data) { return cipher(true, algorithm, key, data); },
    async decrypt(algorithm, key, data) { return cipher(false, algorithm, key, data); },
    async sign(algorithm, key, data) { return sign(algorithm, key, data, 'sign'); },
    async verify(algorithm, key, signature, data) {
      return native.equal(sign(algorithm, key, data, 'verify'), bytesOf(signature, 'verify: signature'));
    },
    async importKey(format, data, algorithm, extractable, usages) {
      return importKey(format, data, algorithm, extractable, usages);
    },
    async generateKey(given, extractable, usages) {
      const algorithm = algorithmOf(given, [...AES, 'HMAC'], 'generateKey');
      const bytes = native.random(lengthOf(algorithm, 'generateKey') / 8);
      return makeKey(describe(algorithm, bytes, 'generateKey'), extractable, usages, bytes);
    },
    async exportKey(format, key) {
      if (!material.has(key)) throw new TypeError('exportKey: expected a CryptoKey');
      if (!key.extractable) fail('InvalidAccessError', 'exportKey: the key is not extractable');
      if (format === 'raw') return material.get(key).slice(0);
      if (format !== 'jwk') fail('NotSupportedError', `exportKey: format ${format}; allowed: raw, jwk`);
      return {
        kty: 'oct', k: toBase64(material.get(key)), alg: jwkName(key.algorithm), key_ops: [...key.usages], ext: true,
      };
    },
    async deriveBits(algorithm, key, length) { return derive(algorithm, key, length, 'deriveBits'); },
    async deriveKey(algorithm, key, derived, extractable, usages) {
      const target = algorithmOf(derived, [...AES, 'HMAC'], 'deriveKey');
      const bytes = derive(algorithm, key, lengthOf(target, 'deriveKey'), 'deriveKey');
      return makeKey(describe(target, bytes, 'deriveKey'), extractable, usages, bytes);
    },
  };

  const crypto = {
    subtle,
    getRandomValues(array) {
      if (!ArrayBuffer.isView(array) || array instanceof DataView || array instanceof Float32Array ||
          array instanceof Float64Array) {
        fail('TypeMismatchError', 'getRandomValues: expected an array of integers such as Uint8Array');
      }
      if (array.byteLength > 65536) {
        fail('QuotaExceededError', `getRandomValues: ${array.byteLength} bytes; allowed: at most 65536`);
      }
      const random = new Uint8Array(native.random(array.byteLength));
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(random);
      return array;
    },
    randomUUID() {
      const bytes = new Uint8Array(native.random(16));
      bytes[6] = (bytes[6] & 0x0f) | 0x40;  // version 4
      bytes[8] = (bytes[8] & 0x3f) | 0x80;  // the variant of RFC 9562
      const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
  };
  return { crypto, CryptoKey };
})
