// The algorithms of WebCrypto with pairs of keys, as scripts use them. Published vectors are in
// tests/agent/data/crypto/key_pair_test.cc.

#include <gmock/gmock.h>

#include "tests/agent/js/web/crypto_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class WebCryptoPairs : public WebCrypto {};

constexpr char kRsa[] =
    "modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256'";

TEST_F(WebCryptoPairs, RsaSignsAndVerifies) {
  for (const char* name : {"RSASSA-PKCS1-v1_5", "rsa-pss"}) {
    EXPECT_EQ(Run(absl::StrCat("const a = { name: '", name, "', saltLength: 32, ", kRsa, R"js( };
      const { publicKey: pub, privateKey: key } = await s.generateKey(a, false, ['sign', 'verify']);
      const signature = await s.sign(a, key, bytes('m'));
      return [signature.byteLength, await s.verify(a, pub, signature, bytes('m')), await s.verify(a, pub, signature, bytes('n')),
              pub.type, key.type, pub.extractable, key.extractable, pub.usages, key.usages, pub.algorithm.modulusLength,
              pub.algorithm.publicExponent, pub.algorithm.hash.name].join(' ')
    )js")),
              "info: 128 true false public private true false verify sign 1024 1,0,1 SHA-256");
  }
}

TEST_F(WebCryptoPairs, AKeyOfTheWrongFormSaysWhatIsAllowed) {
  EXPECT_EQ(
      Run(R"js(
    const why = (format, data) => s.importKey(format, data, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']).catch((e) => `${e.name}: ${e.message}`);
    return [await why('raw', new Uint8Array(10)), await why('raw', new Uint8Array(65)), await why('jwk', '{}')].join('; ')
  )js"),
      "info: DataError: importKey: the numbers do not form a key of the curve P-256: 10 bytes; allowed: 65; "
      "DataError: importKey: the numbers do not form a key of the curve P-256; "
      "DataError: importKey: a JWK is an object such as { kty, k }, got string");
}

TEST_F(WebCryptoPairs, OaepEnciphersAndDeciphers) {
  EXPECT_EQ(Run(absl::StrCat("const a = { name: 'RSA-OAEP', ", kRsa, R"js( };
    const { publicKey, privateKey } = await s.generateKey(a, true, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
    const label = { name: 'RSA-OAEP', label: bytes('l') };
    const secret = await s.encrypt(label, publicKey, bytes('m'));
    const other = await s.decrypt(a, privateKey, secret).catch((e) => e.name);
    const k = await s.generateKey({ name: 'AES-CBC', length: 128 }, true, ['encrypt']);
    const u = await s.unwrapKey('raw', await s.wrapKey('raw', k, publicKey, a), privateKey, a, 'AES-CBC', true, ['encrypt']);
    return [text(await s.decrypt(label, privateKey, secret)), other, hex(await s.exportKey('raw', k)) === hex(await s.exportKey('raw', u))].join()
  )js")),
            "info: m,OperationError,true");
}

TEST_F(WebCryptoPairs, EcdsaSignsAndVerifies) {
  for (const auto& [curve, size] :
       {std::pair("P-256", "64"), std::pair("P-384", "96"), std::pair("P-521", "132")}) {
    EXPECT_EQ(Run(absl::StrCat("const a = { name: 'ECDSA', namedCurve: '", curve,
                               R"js(', hash: 'SHA-384' };
      const { publicKey, privateKey } = await s.generateKey(a, true, ['sign', 'verify']);
      const signature = await s.sign(a, privateKey, bytes('m'));
      return [signature.byteLength, await s.verify(a, publicKey, signature, bytes('m')),
              await s.verify(a, publicKey, signature, bytes('n')), publicKey.algorithm.namedCurve].join(' ')
    )js")),
              absl::StrCat("info: ", size, " true false ", curve));
  }
}

TEST_F(WebCryptoPairs, EcdhAgrees) {
  EXPECT_EQ(Run(R"js(
    const a = { name: 'ECDH', namedCurve: 'P-256' };
    const one = await s.generateKey(a, true, ['deriveBits', 'deriveKey']), two = await s.generateKey(a, true, ['deriveBits']);
    const x = await s.deriveBits({ name: 'ECDH', public: two.publicKey }, one.privateKey, 128);
    const y = await s.deriveBits({ name: 'ECDH', public: one.publicKey }, two.privateKey, null);
    const k = await s.deriveKey({ name: 'ECDH', public: two.publicKey }, one.privateKey, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
    const long = await s.deriveBits({ name: 'ECDH', public: two.publicKey }, one.privateKey, 512).catch((e) => e.name);
    return [x.byteLength, hex(y).startsWith(hex(x)), hex(await s.exportKey('raw', k)) === hex(y), one.publicKey.usages.length, long].join()
  )js"),
            "info: 16,true,true,0,OperationError");
  EXPECT_EQ(Run(R"js(
    const key = async (namedCurve) => s.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits']);
    const a = await key('P-256'), b = await key('P-384');
    return s.deriveBits({ name: 'ECDH', public: b.publicKey }, a.privateKey, 128)
  )js"),
            "info: InvalidAccessError: deriveBits: public must be a public key of ECDH on P-256");
}

TEST_F(WebCryptoPairs, KeysGoThroughEveryFormat) {
  EXPECT_EQ(
      Run(R"js(
    const results = [];
    for (const [a, usages] of [[{ name: 'ECDSA', namedCurve: 'P-521' }, ['sign', 'verify']],
                               [{ name: 'RSA-PSS', modulusLength: 512, publicExponent: new Uint8Array([3]), hash: 'SHA-1' }, ['sign', 'verify']]]) {
      const { publicKey, privateKey } = await s.generateKey(a, true, usages);
      const spki = hex(await s.exportKey('spki', publicKey)), pkcs8 = hex(await s.exportKey('pkcs8', privateKey));
      for (const format of a.namedCurve ? ['raw', 'spki', 'jwk'] : ['spki', 'jwk']) {
        const again = await s.importKey(format, await s.exportKey(format, publicKey), a, true, ['verify']);
        results.push(again.type, hex(await s.exportKey('spki', again)) === spki);
      }
      for (const format of ['pkcs8', 'jwk']) {
        const again = await s.importKey(format, await s.exportKey(format, privateKey), a, true, ['sign']);
        results.push(again.type, hex(await s.exportKey('pkcs8', again)) === pkcs8);
      }
    }
    return results.join()
  )js"),
      "info: public,true,public,true,public,true,private,true,private,true,public,true,public,true,private,true,private,true");
  EXPECT_EQ(Run(R"js(
    const { publicKey, privateKey } = await s.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const jwk = await s.exportKey('jwk', privateKey);
    return [Object.keys(jwk).sort(), jwk.kty, jwk.crv, jwk.x.length].join()
  )js"),
            "info: crv,d,kty,x,y,EC,P-256,43");
}

TEST_F(WebCryptoPairs, RefusesWhatDoesNotGoTogether) {
  const std::string ec = R"js(
    const a = { name: 'ECDSA', namedCurve: 'P-256' }, { publicKey, privateKey } = await s.generateKey(a, true, ['sign', 'verify']);
  )js";
  EXPECT_EQ(
      Run(ec + "return s.exportKey('pkcs8', publicKey)"),
      "info: InvalidAccessError: exportKey: format pkcs8 of a public key of ECDSA; allowed: raw, spki, jwk");
  EXPECT_EQ(
      Run(ec +
          "return s.importKey('spki', await s.exportKey('spki', publicKey), { name: 'ECDSA', namedCurve: 'P-384' }, true, ['verify'])"),
      "info: DataError: importKey: the key is of P-256, not of P-384");
  EXPECT_EQ(
      Run(ec +
          "return s.importKey('spki', await s.exportKey('spki', publicKey), { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['verify'])"),
      "info: DataError: importKey: the key is of P-256, not of RSA");
  EXPECT_EQ(Run(ec + "return s.importKey('spki', bytes('x'), a, true, ['verify'])"),
            "info: DataError: importKey: not a key in the format spki");
  EXPECT_EQ(
      Run(ec +
          "return s.importKey('spki', await s.exportKey('spki', publicKey), a, true, ['sign'])"),
      "info: SyntaxError: usage sign of ECDSA; allowed: verify");
  EXPECT_EQ(
      Run(ec +
          "return s.importKey('jwk', { ...await s.exportKey('jwk', publicKey), kty: 'RSA' }, a, true, ['verify'])"),
      "info: DataError: importKey: kty RSA of the JWK; allowed: EC");
  EXPECT_EQ(
      Run(ec +
          "return s.importKey('jwk', { ...await s.exportKey('jwk', publicKey), key_ops: ['sign'] }, a, true, ['verify'])"),
      "info: DataError: importKey: key_ops of the JWK do not have verify");
  EXPECT_EQ(Run(ec + "return s.sign({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, bytes('m'))"),
            "info: InvalidAccessError: sign: not among the key's usages");
  EXPECT_EQ(
      Run(ec + "return s.sign({ name: 'ECDSA', hash: 'MD5' }, privateKey, bytes('m'))"),
      "info: NotSupportedError: sign: hash: algorithm MD5 is not supported; allowed: SHA-1, SHA-256, SHA-384, SHA-512");
  EXPECT_EQ(Run("return s.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])"),
            "info: SyntaxError: a key needs usages; allowed: sign");
  EXPECT_THAT(
      Run("return s.generateKey({ name: 'RSA-PSS', modulusLength: 100, publicExponent: new Uint8Array([3]), hash: 'SHA-1' }, true, ['sign'])"),
      HasSubstr("OperationError: modulusLength 100; allowed: 256 to 16384"));
}

}  // namespace
}  // namespace lockstep::agent
