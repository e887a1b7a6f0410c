#include "agent/data/crypto/digest.h"

#include <gtest/gtest.h>

#include "agent/data/crypto/text_codec.h"

namespace lockstep::agent {
namespace {

// "abc": RFC 1320 (MD4), RFC 1321 (MD5), the RIPEMD-160 paper, FIPS 180-4 examples.
TEST(Digest, KnowsThePublishedVectors) {
  const std::pair<const char*, const char*> rows[] = {
      {"md4", "a448017aaf21d8525fc10ae87aa6729d"},
      {"md5", "900150983cd24fb0d6963f7d28e17f72"},
      {"ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
      {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"sha384",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c"
       "825a7"},
      {"sha512",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {"sha512_224", "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"},
      {"sha512_256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"}};
  for (const auto& [name, hex] : rows) {
    SCOPED_TRACE(name);
    EXPECT_EQ(hex, EncodeHex(Hash(ParseHashAlgorithm(name).value(), "abc")));
  }
}

TEST(Digest, PiecesGiveTheSameAsTheWholeAndMayGoOn) {
  const auto hasher = MakeHash(HashAlgorithm::kSha1);
  hasher->Update("a");
  EXPECT_EQ(Hash(HashAlgorithm::kSha1, "a"), hasher->Digest());
  hasher->Update("bc");
  EXPECT_EQ(Hash(HashAlgorithm::kSha1, "abc"), hasher->Digest());
  EXPECT_EQ(hasher->Digest(), hasher->Digest());
}

// RFC 2202 (MD5, SHA-1), RFC 4231 (SHA-2): test cases 1, 2 and the one with a key longer than a
// block.
TEST(Digest, HmacKnowsTheVectorsOfTheRfcs) {
  const auto hmac = [](HashAlgorithm algorithm, absl::string_view key, absl::string_view data) {
    const auto hasher = MakeHmac(algorithm, key);
    hasher->Update(data);
    return EncodeHex(hasher->Digest());
  };
  EXPECT_EQ("9294727a3638bb1c13f48ef8158bfc9d",
            hmac(HashAlgorithm::kMd5, std::string(16, '\x0b'), "Hi There"));
  EXPECT_EQ("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            hmac(HashAlgorithm::kSha1, "Jefe", "what do ya want for nothing?"));
  EXPECT_EQ("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            hmac(HashAlgorithm::kSha256, "Jefe", "what do ya want for nothing?"));
  EXPECT_EQ("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            hmac(HashAlgorithm::kSha256, std::string(131, '\xaa'),
                 "Test Using Larger Than Block-Size Key - Hash Key First"));
  EXPECT_EQ(
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
      hmac(HashAlgorithm::kSha512, "Jefe", "what do ya want for nothing?"));
}

TEST(Digest, EncodingsOfTheSameBytes) {
  const std::string bytes = "\xfb\xff\xfe\xff";
  EXPECT_EQ("fbfffeff", EncodeDigest(bytes, DigestEncoding::kHex));
  EXPECT_EQ("+//+/w==", EncodeDigest(bytes, DigestEncoding::kBase64));
  EXPECT_EQ("-__-_w==", EncodeDigest(bytes, DigestEncoding::kBase64Url));
  EXPECT_EQ("-__-_w", EncodeDigest(bytes, DigestEncoding::kBase64RawUrl));
  EXPECT_EQ(bytes, EncodeDigest(bytes, DigestEncoding::kBinary));
  EXPECT_FALSE(ParseDigestEncoding("base32").has_value());
  EXPECT_FALSE(ParseHashAlgorithm("sha3").has_value());
}

}  // namespace
}  // namespace lockstep::agent
