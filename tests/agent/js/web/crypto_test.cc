// The global `crypto` as scripts use it. The ciphers' own vectors are in
// tests/agent/data/crypto/cipher_test.cc.

#include <gmock/gmock.h>

#include "tests/agent/js/web/crypto_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST_F(WebCrypto, Digests) {
  // FIPS 180-4's example "abc".
  EXPECT_EQ(Run("return hex(await s.digest('SHA-256', bytes('abc')))"),
            "info: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Run("return hex(await s.digest({ name: 'sha-1' }, bytes('xabcx').subarray(1, 4)))"),
            "info: a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Run("return s.digest('MD5', bytes(''))"),
            "info: NotSupportedError: digest: algorithm MD5 is not supported; allowed: SHA-1, "
            "SHA-256, SHA-384, SHA-512");
  EXPECT_EQ(Run("return s.digest('SHA-1', 'text')"),
            "info: TypeError: digest: data: expected an ArrayBuffer or a view on one");
}

TEST_F(WebCrypto, SignsWithHmacAndVerifies) {
  const std::string key =
      R"js(
    const k = await raw('Jefe', { name: 'HMAC', hash: 'SHA-256' }, 'sign', 'verify');
    const d = bytes('what do ya want for nothing?');
  )js";
  // RFC 4231, case 2.
  EXPECT_EQ(Run(key + "return hex(await s.sign('HMAC', k, d))"),
            "info: 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Run(key + R"js(
    const m = await s.sign('HMAC', k, d);
    const good = await s.verify('HMAC', k, m, d);
    return [good, await s.verify('HMAC', k, m.slice(1), d)].join()
  )js"),
            "info: true,false");
}

TEST_F(WebCrypto, EnciphersAndDeciphersInEachMode) {
  for (const char* call :
       {"{ name: 'AES-CBC', iv }", "{ name: 'AES-GCM', iv, additionalData: bytes('a') }",
        "{ name: 'AES-CTR', counter: iv, length: 64 }"}) {
    EXPECT_EQ(
        Run(absl::StrCat("const iv = crypto.getRandomValues(new Uint8Array(16)), call = ", call,
                         R"js(;
      const k = await s.generateKey({ name: call.name, length: 256 }, true,
                                    ['encrypt', 'decrypt']);
      return text(await s.decrypt(call, k, await s.encrypt(call, k, bytes('a secret'))))
    )js")),
        "info: a secret");
  }
}

TEST_F(WebCrypto, DerivesKeysAndBits) {
  // RFC 6070's second vector.
  EXPECT_EQ(Run(R"js(
    const k = await raw('password', 'PBKDF2', 'deriveBits');
    return hex(await s.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: bytes('salt'),
      iterations: 2 }, k, 160))
  )js"),
            "info: ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  EXPECT_EQ(Run(R"js(
    const k = await raw('x', 'HKDF', 'deriveKey');
    const d = await s.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: bytes(''),
      info: bytes('') }, k, { name: 'AES-GCM', length: 128 }, true, ['encrypt']);
    return d.algorithm.length + ' ' + (await s.exportKey('raw', d)).byteLength
  )js"),
            "info: 128 16");
}

TEST_F(WebCrypto, KeysGoThroughJwk) {
  EXPECT_EQ(Run(R"js(
    const k = await s.importKey('raw', bytes('0123456789abcdef'), 'AES-CBC', true, ['decrypt',
      'encrypt']);
    const j = await s.exportKey('jwk', k);
    const back = await s.importKey('jwk', j, 'AES-CBC', true, ['encrypt']);
    return [j.kty, j.k, j.alg, j.key_ops.join('+'), text(await s.exportKey('raw', back))].join()
  )js"),
            "info: oct,MDEyMzQ1Njc4OWFiY2RlZg,A128CBC,encrypt+decrypt,0123456789abcdef");
  EXPECT_EQ(Run("return s.importKey('jwk', { kty: 'RSA' }, 'AES-CBC', true, ['encrypt'])"),
            "info: DataError: importKey: kty RSA of the JWK; allowed: oct");
  EXPECT_EQ(Run("return s.importKey('jwk', { kty: 'oct', k: '*' }, 'AES-CBC', true, ['encrypt'])"),
            "info: DataError: importKey: k of the JWK is not base64url");
}

TEST_F(WebCrypto, KeysDoOnlyWhatTheyMay) {
  EXPECT_EQ(
      Run("return s.exportKey('raw', await raw('k', { name: 'HMAC', hash: 'SHA-1' }, 'sign'))"),
      "info: InvalidAccessError: exportKey: the key is not extractable");
  EXPECT_EQ(Run(R"js(
    return s.verify('HMAC', await raw('k', { name: 'HMAC', hash: 'SHA-1' }, 'sign'), bytes(''),
      bytes(''))
  )js"),
            "info: InvalidAccessError: verify: not among the key's usages");
  EXPECT_EQ(Run("return raw('k', { name: 'HMAC', hash: 'SHA-1' }, 'encrypt')"),
            "info: SyntaxError: usage encrypt of HMAC; allowed: sign, verify");
  EXPECT_EQ(Run("return raw('short', 'AES-GCM', 'encrypt')"),
            "info: DataError: importKey: AES key of 40 bits; allowed: 128, 192 and 256");
  EXPECT_EQ(Run("return s.sign('HMAC', {}, bytes(''))"),
            "info: TypeError: sign: expected a CryptoKey");
  EXPECT_THAT(Run("return new CryptoKey()"), HasSubstr("TypeError: CryptoKey has no constructor"));
}

TEST_F(WebCrypto, ATamperedTextIsAnOperationError) {
  EXPECT_EQ(Run(R"js(
    const k = await raw('0123456789abcdef', 'AES-GCM', 'decrypt');
    return s.decrypt({ name: 'AES-GCM', iv: bytes('iv') }, k, new Uint8Array(32))
  )js"),
            "info: OperationError: could not decrypt");
}

TEST_F(WebCrypto, NamesWhatItDoesNotSupport) {
  EXPECT_EQ(
      Run("return s.generateKey({ name: 'Ed25519' }, true, ['sign'])"),
      "info: NotSupportedError: generateKey: algorithm Ed25519 is not supported; allowed: AES-CBC, AES-CTR, "
      "AES-GCM, AES-KW, HMAC, RSASSA-PKCS1-v1_5, RSA-PSS, RSA-OAEP, ECDSA, ECDH");
  EXPECT_EQ(Run("return s.generateKey({ name: 'ECDSA', namedCurve: 'K-163' }, true, ['sign'])"),
            "info: NotSupportedError: generateKey: namedCurve K-163; allowed: P-256, P-384, P-521");
}

TEST_F(WebCrypto, LengthsMayBeTexts) {
  EXPECT_EQ(
      Run("return (await s.generateKey({ name: 'AES-GCM', length: '256' }, true, ['encrypt'])).algorithm.length"),
      "info: 256");
}

TEST_F(WebCrypto, WrapsKeys) {
  for (const char* wrapping : {"'AES-KW'", "{ name: 'AES-GCM', iv: bytes('123456789012') }"}) {
    EXPECT_EQ(Run(absl::StrCat("const a = ", wrapping, R"js(, name = a.name ?? a;
      const w = await s.generateKey({ name, length: 128 }, false, ['wrapKey', 'unwrapKey']);
      const k = await raw('0123456789abcdef', 'AES-CBC', 'encrypt');
      const open = await s.importKey('raw', bytes('0123456789abcdef'), 'AES-CBC', true, ['encrypt']);
      const refused = await s.wrapKey('raw', k, w, a).catch((e) => e.name);
      const u = await s.unwrapKey('raw', await s.wrapKey('raw', open, w, a), w, a, 'AES-CBC', true, ['decrypt']);
      return [refused, u.usages, text(await s.exportKey('raw', u))].join()
    )js")),
              "info: InvalidAccessError,decrypt,0123456789abcdef");
  }
  EXPECT_EQ(Run(R"js(
    const a = { name: 'AES-CBC', iv: bytes('0123456789abcdef') };
    const w = await s.generateKey({ name: 'AES-CBC', length: 256 }, false, ['wrapKey', 'unwrapKey', 'encrypt']);
    const pair = await s.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const wrapped = await s.wrapKey('jwk', pair.privateKey, w, a);
    const u = await s.unwrapKey('jwk', wrapped, w, a, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const e = { name: 'ECDSA', hash: 'SHA-256' };
    const other = await s.encrypt(a, w, bytes('no JWK'));
    const bad = await s.unwrapKey('jwk', other, w, a, 'AES-CBC', true, ['encrypt']).catch((x) => x.name);
    return [await s.verify(e, pair.publicKey, await s.sign(e, u, bytes('m')), bytes('m')), bad].join()
  )js"),
            "info: true,DataError");
}

TEST_F(WebCrypto, GivesRandomValues) {
  EXPECT_THAT(Run("return crypto.randomUUID()"),
              MatchesRegex("info: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                           "[0-9a-f]{12}"));
  EXPECT_EQ(Run(R"js(
    const a = new Uint32Array(8);
    return crypto.getRandomValues(a) === a && a.some((x) => x !== 0)
  )js"),
            "info: true");
  EXPECT_EQ(Run("return crypto.getRandomValues(new Uint8Array(65537))"),
            "info: QuotaExceededError: getRandomValues: 65537 bytes; allowed: at most 65536");
  EXPECT_THAT(Run("return crypto.getRandomValues([1])"), HasSubstr("TypeMismatchError"));
}

}  // namespace
}  // namespace lockstep::agent
