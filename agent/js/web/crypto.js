// WebCrypto for scripts. This file has what is common to all algorithms and those with secret keys: SHA, HMAC, AES (CBC, CTR,
// GCM, KW), PBKDF2 and HKDF; crypto_pairs.js has those with pairs of keys. Evaluates to the function
// (native) => { crypto, CryptoKey }. All work is done when a method is called, on the VU's thread, which a derivation with
// millions of iterations or a new key of RSA holds up; promises come settled.
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
      if (error.name !== 'Error') throw error;  // it says more already
      return fail('OperationError', error.message);
    }
  };

  const bytesOf = (value, what) => {
    if (value instanceof ArrayBuffer) return value.slice(0);
    if (ArrayBuffer.isView(value)) return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
    throw new TypeError(`${what}: expected an ArrayBuffer or a view on one`);
  };
  const integer = (value, what, fallback) => {
    const number = value === undefined ? fallback : Number(value);  // texts are numbers, too: "256"
    if (!Number.isInteger(number) || number < 0) throw new TypeError(`${what}: expected a number, got ${value}`);
    return number;
  };

  const HASHES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };
  const BLOCK_BITS = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 };
  const CIPHER_USAGES = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
  // By algorithm: what its keys may be used for.
  const USAGES = {
    'AES-CBC': CIPHER_USAGES,
    'AES-CTR': CIPHER_USAGES,
    'AES-GCM': CIPHER_USAGES,
    'AES-KW': ['wrapKey', 'unwrapKey'],
    HMAC: ['sign', 'verify'],
    PBKDF2: ['deriveKey', 'deriveBits'],
    HKDF: ['deriveKey', 'deriveBits'],
  };
  // Those with a pair of keys: what the public and what the private one may be used for.
  const PAIR_USAGES = {
    'RSASSA-PKCS1-v1_5': { public: ['verify'], private: ['sign'] },
    'RSA-PSS': { public: ['verify'], private: ['sign'] },
    'RSA-OAEP': { public: ['encrypt', 'wrapKey'], private: ['decrypt', 'unwrapKey'] },
    ECDSA: { public: ['verify'], private: ['sign'] },
    ECDH: { public: [], private: ['deriveKey', 'deriveBits'] },
  };
  const PAIRS = Object.keys(PAIR_USAGES);
  const AES = ['AES-CBC', 'AES-CTR', 'AES-GCM', 'AES-KW'];
  const NAMES = new Map([...Object.keys(USAGES), ...PAIRS, ...Object.keys(HASHES)].map((name) => [name.toUpperCase(), name]));
  // An algorithm is a name in any case, or an object that has one.
  const algorithmOf = (given, allowed, what) => {
    const object = typeof given === 'object' && given !== null ? given : { name: given };
    const name = NAMES.get(String(object.name).toUpperCase());
    if (name === undefined || !allowed.includes(name)) {
      fail('NotSupportedError', `${what}: algorithm ${object.name} is not supported; allowed: ${allowed.join(', ')}`);
    }
    return { ...object, name };
  };
  const hashOf = (given, what) => algorithmOf(given, Object.keys(HASHES), `${what}: hash`).name;

  const material = new WeakMap();  // the bytes or the native key of each key, out of reach of scripts
  let making = false;
  class CryptoKey {
    constructor(type, algorithm, extractable, usages) {
      if (!making) throw new TypeError('CryptoKey has no constructor; use crypto.subtle.importKey or generateKey');
      Object.defineProperties(this, {
        type: { value: type, enumerable: true },
        extractable: { value: extractable, enumerable: true },
        algorithm: { value: Object.freeze(algorithm), enumerable: true },
        usages: { value: Object.freeze(usages), enumerable: true },
      });
    }
    get [Symbol.toStringTag]() { return 'CryptoKey'; }
  }
  const checkUsages = (name, wanted, allowed) => {
    for (const usage of wanted) {
      if (!allowed.includes(usage)) fail('SyntaxError', `usage ${usage} of ${name}; allowed: ${allowed.join(', ')}`);
    }
  };
  // Makes a key of `type`; those that are not public must be good for something.
  const makeKey = (type, algorithm, extractable, usages, secret) => {
    const allowed = USAGES[algorithm.name] ?? PAIR_USAGES[algorithm.name][type];
    const wanted = Array.from(usages ?? []);
    checkUsages(algorithm.name, wanted, allowed);
    if (wanted.length === 0 && type !== 'public') fail('SyntaxError', `a key needs usages; allowed: ${allowed.join(', ')}`);
    making = true;
    try {
      const key = new CryptoKey(type, algorithm, Boolean(extractable), allowed.filter((usage) => wanted.includes(usage)));
      material.set(key, secret);
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
    const length = Number(algorithm.length);
    if (![128, 192, 256].includes(length)) {
      fail('OperationError', `${what}: AES length ${algorithm.length}; allowed: 128, 192 and 256`);
    }
    return length;
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
  const fromBase64 = (text, what) => {
    if (typeof text !== 'string' || !/^[\w-]*$/.test(text) || text.length % 4 === 1) {
      fail('DataError', `importKey: ${what} of the JWK is not base64url`);
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

  let loaded;
  const pairs = () => loaded ??= native.loadPairs()(native, {
    HASHES, PAIR_USAGES, algorithmOf, bytesOf, checkUsages, fail, fromBase64, hashOf, integer, keyFor, makeKey, material, operate, toBase64,
  });

  // `usage` is what the key must be good for: encrypt, or wrapKey, which does the same to another key.
  const cipher = (encrypt, given, key, text, usage) => {
    const wraps = usage === 'wrapKey' || usage === 'unwrapKey';
    const algorithm = algorithmOf(given, [...(wraps ? AES : AES.slice(0, 3)), 'RSA-OAEP'], usage);
    const secret = keyFor(key, algorithm, usage);
    if (algorithm.name === 'RSA-OAEP') return pairs().oaep(encrypt, algorithm, key, text, usage);
    if (algorithm.name === 'AES-KW') return operate(() => native.aesWrap(encrypt, secret, text));
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
    const algorithm = algorithmOf(given, ['PBKDF2', 'HKDF', 'ECDH'], usage);
    const secret = keyFor(key, algorithm, usage);
    if (algorithm.name === 'ECDH') return pairs().agree(algorithm, key, length, usage);
    const hash = HASHES[hashOf(algorithm.hash, usage)];
    const salt = bytesOf(algorithm.salt, `${usage}: salt`);
    if (typeof length !== 'number' || !Number.isInteger(length) || length <= 0 || length % 8 !== 0) {
      fail('OperationError', `${usage}: length ${length}; allowed: multiples of 8`);
    }
    if (algorithm.name === 'HKDF') {
      const info = bytesOf(algorithm.info, `${usage}: info`);
      return operate(() => native.hkdf(hash, secret, salt, info, length / 8));
    }
    const iterations = integer(algorithm.iterations, `${usage}: iterations`);
    return operate(() => native.pbkdf2(hash, secret, salt, iterations, length / 8));
  };

  const SIGNERS = ['HMAC', 'RSASSA-PKCS1-v1_5', 'RSA-PSS', 'ECDSA'];
  const hmac = (key, data) => native.hmac(HASHES[key.algorithm.hash.name], material.get(key), data);

  // A secret key of the form `format`.
  const importSecret = (format, data, algorithm, extractable, usages) => {
    const derives = algorithm.name === 'PBKDF2' || algorithm.name === 'HKDF';
    if (derives && extractable) fail('SyntaxError', `importKey: a key of ${algorithm.name} cannot be extractable`);
    let bytes;
    if (format === 'raw') {
      bytes = bytesOf(data, 'importKey: key data');
    } else if (format === 'jwk' && !derives) {
      if (data?.kty !== 'oct') fail('DataError', `importKey: kty ${data?.kty} of the JWK; allowed: oct`);
      bytes = fromBase64(data.k, 'k');
    } else {
      fail('NotSupportedError', `importKey: format ${format}; allowed: raw${derives ? '' : ', jwk'}`);
    }
    const described = describe(algorithm, bytes, 'importKey');
    if (format === 'jwk' && data.alg !== undefined && data.alg !== jwkName(described)) {
      fail('DataError', `importKey: alg ${data.alg} of the JWK; this key's is ${jwkName(described)}`);
    }
    return makeKey('secret', described, extractable, usages, bytes);
  };

  const importKey = (format, data, given, extractable, usages) => {
    const algorithm = algorithmOf(given, [...Object.keys(USAGES), ...PAIRS], 'importKey');
    if (format === 'jwk' && (data === null || typeof data !== 'object')) {
      fail('DataError', `importKey: a JWK is an object such as { kty, k }, got ${data === null ? 'null' : typeof data}`);
    }
    if (format === 'jwk' && data?.ext === false && extractable) {
      fail('DataError', 'importKey: the JWK says that the key is not extractable');
    }
    if (format === 'jwk' && Array.isArray(data?.key_ops)) {
      for (const usage of usages ?? []) {
        if (!data.key_ops.includes(usage)) fail('DataError', `importKey: key_ops of the JWK do not have ${usage}`);
      }
    }
    return (PAIRS.includes(algorithm.name) ? pairs().importPair : importSecret)(format, data, algorithm, extractable, usages);
  };

  const exportKey = (format, key, what) => {
    if (!material.has(key)) throw new TypeError(`${what}: expected a CryptoKey`);
    if (!key.extractable) fail('InvalidAccessError', `${what}: the key is not extractable`);
    if (key.type !== 'secret') return pairs().exportPair(format, key, what);
    if (format === 'raw') return material.get(key).slice(0);
    if (format !== 'jwk') fail('NotSupportedError', `${what}: format ${format}; allowed: raw, jwk`);
    return { kty: 'oct', k: toBase64(material.get(key)), alg: jwkName(key.algorithm), key_ops: [...key.usages], ext: true };
  };

  const subtle = {
    async digest(algorithm, data) {
      const hash = algorithmOf(algorithm, Object.keys(HASHES), 'digest').name;
      return native.hash(HASHES[hash], bytesOf(data, 'digest: data'));
    },
    async encrypt(algorithm, key, data) { return cipher(true, algorithm, key, bytesOf(data, 'encrypt: data'), 'encrypt'); },
    async decrypt(algorithm, key, data) { return cipher(false, algorithm, key, bytesOf(data, 'decrypt: data'), 'decrypt'); },
    async sign(given, key, data) {
      const algorithm = algorithmOf(given, SIGNERS, 'sign');
      keyFor(key, algorithm, 'sign');
      const bytes = bytesOf(data, 'sign: data');
      return key.type === 'secret' ? hmac(key, bytes) : pairs().sign(algorithm, key, bytes);
    },
    async verify(given, key, signature, data) {
      const algorithm = algorithmOf(given, SIGNERS, 'verify');
      keyFor(key, algorithm, 'verify');
      const signed = bytesOf(signature, 'verify: signature'), bytes = bytesOf(data, 'verify: data');
      return key.type === 'secret' ? native.equal(hmac(key, bytes), signed) : pairs().verify(algorithm, key, signed, bytes);
    },
    async importKey(format, data, algorithm, extractable, usages) {
      return importKey(format, data, algorithm, extractable, usages);
    },
    async generateKey(given, extractable, usages) {
      const algorithm = algorithmOf(given, [...AES, 'HMAC', ...PAIRS], 'generateKey');
      if (PAIRS.includes(algorithm.name)) return pairs().generate(algorithm, extractable, usages);
      const bytes = native.random(lengthOf(algorithm, 'generateKey') / 8);
      const described = { ...algorithm, length: bytes.byteLength * 8 };
      return makeKey('secret', describe(described, bytes, 'generateKey'), extractable, usages, bytes);
    },
    async exportKey(format, key) { return exportKey(format, key, 'exportKey'); },
    async deriveBits(algorithm, key, length) { return derive(algorithm, key, length, 'deriveBits'); },
    async deriveKey(algorithm, key, derived, extractable, usages) {
      const target = algorithmOf(derived, [...AES, 'HMAC', 'PBKDF2', 'HKDF'], 'deriveKey');
      const length = target.name === 'PBKDF2' || target.name === 'HKDF' ? null : lengthOf(target, 'deriveKey');
      const bytes = derive(algorithm, key, length, 'deriveKey');
      return importSecret('raw', bytes, { ...target, length: undefined }, extractable, usages);
    },
    async wrapKey(format, key, wrappingKey, algorithm) {
      const exported = exportKey(format, key, 'wrapKey');
      const text = format === 'jwk' ? new TextEncoder().encode(JSON.stringify(exported)).buffer : exported;
      return cipher(true, algorithm, wrappingKey, text, 'wrapKey');
    },
    async unwrapKey(format, wrapped, unwrappingKey, unwrapAlgorithm, algorithm, extractable, usages) {
      const text = cipher(false, unwrapAlgorithm, unwrappingKey, bytesOf(wrapped, 'unwrapKey: wrapped key'), 'unwrapKey');
      let data = text;
      if (format === 'jwk') {
        try {
          data = JSON.parse(new TextDecoder().decode(text));
        } catch {
          fail('DataError', 'unwrapKey: what was wrapped is not a JWK');
        }
      }
      return importKey(format, data, algorithm, extractable, usages);
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
