// The part of WebCrypto that has pairs of keys: RSASSA-PKCS1-v1_5, RSA-PSS, RSA-OAEP, ECDSA and ECDH. Evaluates to the function
// (native, common) => { generate, importPair, exportPair, sign, verify, oaep, agree }; `common` is what crypto.js shares.
((native, common) => {
  const {
    HASHES, PAIR_USAGES, algorithmOf, bytesOf, checkUsages, fail, fromBase64, hashOf, integer, makeKey, material, operate, toBase64,
  } = common;
  const CURVES = ['P-256', 'P-384', 'P-521'];
  const isCurve = (name) => name === 'ECDSA' || name === 'ECDH';
  const hashNumber = (hash) => (hash === 'SHA-1' ? '1' : hash.slice(4));
  const nativeHash = (key) => HASHES[key.algorithm.hash.name];

  const curveOf = (algorithm, what) => {
    const curve = String(algorithm.namedCurve);
    if (!CURVES.includes(curve)) fail('NotSupportedError', `${what}: namedCurve ${curve}; allowed: ${CURVES.join(', ')}`);
    return curve;
  };
  // What scripts see of the algorithm of `pair`.
  const describe = (algorithm, pair) => {
    if (isCurve(algorithm.name)) return { name: algorithm.name, namedCurve: native.facts(pair).curve };
    const { bits, exponent } = native.facts(pair);
    return {
      name: algorithm.name, modulusLength: bits, publicExponent: new Uint8Array(exponent),
      hash: { name: algorithm.hashName },
    };
  };

  const generate = (algorithm, extractable, usages) => {
    const allowed = PAIR_USAGES[algorithm.name];
    const wanted = Array.from(usages ?? []);
    checkUsages(algorithm.name, wanted, [...allowed.public, ...allowed.private]);
    let pair;
    if (isCurve(algorithm.name)) {
      pair = native.generateCurve(curveOf(algorithm, 'generateKey'));
    } else {
      algorithm.hashName = hashOf(algorithm.hash, 'generateKey');
      const length = integer(algorithm.modulusLength, 'generateKey: modulusLength');
      if (!(algorithm.publicExponent instanceof Uint8Array)) {
        throw new TypeError('generateKey: publicExponent: expected a Uint8Array such as [1, 0, 1]');
      }
      const exponent = bytesOf(algorithm.publicExponent, 'generateKey: publicExponent');
      pair = operate(() => native.generateRsa(length, exponent));
    }
    const described = describe(algorithm, pair);
    const part = (type, may, secret) =>
      makeKey(type, { ...described }, may, wanted.filter((usage) => allowed[type].includes(usage)), secret);
    const privateKey = part('private', extractable, pair);
    return { publicKey: part('public', true, native.publicOf(pair)), privateKey };
  };

  const POINT_BYTES = { 'P-256': 65, 'P-384': 97, 'P-521': 133 };  // of a raw key, which is not compressed
  const NUMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
  const jwkName = ({ name, hashName }) => {
    if (name === 'RSA-OAEP') return hashName === 'SHA-1' ? name : `${name}-${hashNumber(hashName)}`;
    return `${name === 'RSA-PSS' ? 'PS' : 'RS'}${hashNumber(hashName)}`;
  };
  const numbersOf = (jwk, names) => {
    const numbers = {};
    for (const name of names) numbers[name] = fromBase64(jwk[name], name);
    return numbers;
  };
  const importJwk = (jwk, algorithm) => {
    const kty = isCurve(algorithm.name) ? 'EC' : 'RSA';
    if (jwk?.kty !== kty) fail('DataError', `importKey: kty ${jwk?.kty} of the JWK; allowed: ${kty}`);
    if (kty === 'EC') {
      const curve = curveOf(algorithm, 'importKey');
      if (jwk.crv !== curve) fail('DataError', `importKey: crv ${jwk.crv} of the JWK; namedCurve is ${curve}`);
      return native.fromCurveNumbers(curve, numbersOf(jwk, jwk.d === undefined ? ['x', 'y'] : ['x', 'y', 'd']));
    }
    if (jwk.alg !== undefined && jwk.alg !== jwkName(algorithm)) {
      fail('DataError', `importKey: alg ${jwk.alg} of the JWK; this key's is ${jwkName(algorithm)}`);
    }
    if (jwk.oth !== undefined) fail('NotSupportedError', 'importKey: keys of more than two primes are not supported');
    return native.fromRsaNumbers(numbersOf(jwk, jwk.d === undefined ? ['n', 'e'] : NUMBERS));
  };

  const importPair = (format, data, algorithm, extractable, usages) => {
    if (!isCurve(algorithm.name)) algorithm.hashName = hashOf(algorithm.hash, 'importKey');
    const formats = isCurve(algorithm.name) ? ['raw', 'spki', 'pkcs8', 'jwk'] : ['spki', 'pkcs8', 'jwk'];
    if (!formats.includes(format)) fail('NotSupportedError', `importKey: format ${format}; allowed: ${formats.join(', ')}`);
    const bytes = format === 'jwk' ? undefined : bytesOf(data, 'importKey: key data');
    let pair;
    try {
      pair = format === 'jwk' ? importJwk(data, algorithm)
        : format === 'raw' ? native.fromPoint(curveOf(algorithm, 'importKey'), bytes) : native.fromDer(format, bytes);
    } catch (error) {
      if (error.name !== 'Error') throw error;
      const size = format === 'raw' ? POINT_BYTES[algorithm.namedCurve] : bytes?.byteLength;
      fail('DataError', `importKey: ${error.message}${size === bytes?.byteLength ? '' : `: ${bytes.byteLength} bytes; allowed: ${size}`}`);
    }
    const facts = native.facts(pair);
    const expected = isCurve(algorithm.name) ? curveOf(algorithm, 'importKey') : undefined;
    if (facts.curve !== expected) {
      fail('DataError', `importKey: the key is of ${facts.curve ?? 'RSA'}, not of ${expected ?? 'RSA'}`);
    }
    return makeKey(facts.isPrivate ? 'private' : 'public', describe(algorithm, pair), extractable, usages, pair);
  };

  // JWKs of pairs have the key's numbers and nothing else, as in k6.
  const exportJwk = (key) => {
    const numbers = native.numbers(material.get(key));
    const jwk = isCurve(key.algorithm.name) ? { kty: 'EC', crv: key.algorithm.namedCurve } : { kty: 'RSA' };
    for (const name of Object.keys(numbers)) jwk[name] = toBase64(numbers[name]);
    return jwk;
  };
  const exportPair = (format, key, what) => {
    const forms = key.type === 'private' ? ['pkcs8', 'jwk'] : isCurve(key.algorithm.name) ? ['raw', 'spki', 'jwk'] : ['spki', 'jwk'];
    if (!forms.includes(format)) {
      const known = ['raw', 'spki', 'pkcs8'].includes(format) && !(format === 'raw' && !isCurve(key.algorithm.name));
      fail(known ? 'InvalidAccessError' : 'NotSupportedError',
           `${what}: format ${format} of a ${key.type} key of ${key.algorithm.name}; allowed: ${forms.join(', ')}`);
    }
    return format === 'jwk' ? exportJwk(key) : native.toBytes(format, material.get(key));
  };

  // The scheme, the hash and the length of the salt.
  const schemeOf = (algorithm, key, what) => {
    const salt = algorithm.name === 'RSA-PSS' ? integer(algorithm.saltLength, `${what}: saltLength`) : 0;
    return [algorithm.name === 'RSA-PSS', nativeHash(key), salt];
  };
  const sign = (algorithm, key, data) => operate(() => (algorithm.name === 'ECDSA'
    ? native.ecdsaSign(material.get(key), HASHES[hashOf(algorithm.hash, 'sign')], data)
    : native.rsaSign(material.get(key), ...schemeOf(algorithm, key, 'sign'), data)));
  const verify = (algorithm, key, signature, data) => operate(() => (algorithm.name === 'ECDSA'
    ? native.ecdsaVerify(material.get(key), HASHES[hashOf(algorithm.hash, 'verify')], signature, data)
    : native.rsaVerify(material.get(key), ...schemeOf(algorithm, key, 'verify'), signature, data)));

  const oaep = (encrypt, algorithm, key, text, usage) => {
    const label = algorithm.label === undefined ? new ArrayBuffer(0) : bytesOf(algorithm.label, `${usage}: label`);
    return operate(() => native.oaep(encrypt, material.get(key), nativeHash(key), label, text));
  };

  const agree = (algorithm, key, length, usage) => {
    const peer = algorithm.public;
    if (!material.has(peer)) throw new TypeError(`${usage}: public: expected a CryptoKey`);
    if (peer.type !== 'public' || peer.algorithm.name !== 'ECDH' || peer.algorithm.namedCurve !== key.algorithm.namedCurve) {
      fail('InvalidAccessError', `${usage}: public must be a public key of ECDH on ${key.algorithm.namedCurve}`);
    }
    const secret = operate(() => native.ecdh(material.get(key), material.get(peer)));
    if (length === null || length === undefined) return secret;
    const bits = integer(length, `${usage}: length`);
    if (bits > secret.byteLength * 8 || bits % 8 !== 0) {
      fail('OperationError', `${usage}: length ${length}; allowed: multiples of 8 up to ${secret.byteLength * 8}`);
    }
    return secret.slice(0, bits / 8);
  };

  return { generate, importPair, exportPair, sign, verify, oaep, agree };
})
