#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class CryptoModule : public ModuleTest {};

TEST_F(CryptoModule, DigestsComeInAllEncodings) {
  EXPECT_EQ(R"("900150983cd24fb0d6963f7d28e17f72")", Run("return crypto.md5('abc', 'hex')"));
  EXPECT_EQ("[255,187,140]", Run(R"js(
    const hash = crypto.md5(new Uint8Array([0, 1, 255]).buffer, 'binary');
    return Array.from(new Uint8Array(hash)).slice(0, 3)
  )js"));
  EXPECT_EQ("[255,187,140]", Run(R"js(
    const hash = crypto.md5(new Uint8Array([9, 0, 1, 255]).subarray(1), 'binary');
    return Array.from(new Uint8Array(hash)).slice(0, 3)
  )js"));
  EXPECT_EQ("true", Run(R"js(
    const h = crypto.createHash('sha1');
    h.update('a');
    h.update('bc');
    return h.digest('hex') === crypto.sha1('abc', 'hex')
  )js"));
  EXPECT_EQ("true", Run(R"js(
    const h = crypto.createHMAC('sha256', 'k');
    h.update('a');
    return h.digest('base64') === crypto.hmac('sha256', 'k', 'a', 'base64')
  )js"));
  EXPECT_EQ(R"([16,"00ff10"])", Run(R"js(
    return [crypto.randomBytes(16).byteLength,
            crypto.hexEncode(new Uint8Array([0, 255, 16]).buffer)]
  )js"));
  EXPECT_THAT(Run("crypto.md5('abc', 'base32')"), HasSubstr("invalid output encoding: base32"));
  EXPECT_THAT(Run("crypto.createHash('sha3')"), HasSubstr("invalid algorithm: sha3"));
  EXPECT_THAT(Run("crypto.md5({}, 'hex')"), HasSubstr("TypeError"));
  EXPECT_THAT(Run("crypto.randomBytes(0)"), HasSubstr("invalid size"));
}

TEST_F(CryptoModule, MethodsOfAHasherNeedNoHasherBeforeThem) {
  EXPECT_EQ(R"([true,"update,digest"])", Run(R"js(
    const hasher = crypto.createHash('md5'), { update, digest } = hasher;
    ['a', 'bc'].forEach((part) => update(part));
    return [digest('hex') === crypto.md5('abc', 'hex'), Object.keys(hasher).join()]
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
