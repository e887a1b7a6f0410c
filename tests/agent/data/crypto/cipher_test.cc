// Vectors: NIST SP 800-38A (CBC F.2.1, CTR F.5.1), the GCM specification's case 2, RFC 6070, RFC
// 5869 (case 1).
#include "agent/data/crypto/cipher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

#include "agent/data/crypto/text_codec.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

std::string Hex(absl::string_view hex) {
  return absl::HexStringToBytes(hex);
}

const char kKey[] = "2b7e151628aed2a6abf7158809cf4f3c";
const char kText[] = "6bc1bee22e409f96e93d7e117393172a";

TEST(Aes, CbcEnciphersAsNistSaysAndPads) {
  const std::string key = Hex(kKey), iv = Hex("000102030405060708090a0b0c0d0e0f");
  const std::string out = *Aes({.mode = AesMode::kCbc, .key = key, .iv = iv}, Hex(kText));
  ASSERT_EQ(out.size(), 32u);  // a whole block of padding after a whole block of text
  EXPECT_EQ(EncodeHex(out.substr(0, 16)), "7649abac8119b246cee98e9b12e9197d");
  const AesCall back{.mode = AesMode::kCbc, .encrypt = false, .key = key, .iv = iv};
  EXPECT_EQ(EncodeHex(*Aes(back, out)), kText);
  EXPECT_EQ(Aes(back, out.substr(0, 31)).status().message(), "could not decrypt");
  EXPECT_EQ(Aes(back, "").status().message(), "could not decrypt");
}

TEST(Aes, CtrEnciphersAsNistSays) {
  const std::string key = Hex(kKey), counter = Hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const AesCall call{.mode = AesMode::kCtr, .key = key, .iv = counter, .counter_bits = 128};
  EXPECT_EQ(EncodeHex(*Aes(call, Hex(kText))), "874d6191b620e3261bef6864990db6ce");
  EXPECT_EQ(*Aes(call, ""), "");
}

TEST(Aes, ACounterStartsAgainWithinItsBits) {
  const std::string key = Hex(kKey), zeros(64, '\0');
  const std::string last = Hex("000102030405060708090a0b0c0d0eff");
  const std::string first = Hex("000102030405060708090a0b0c0d0e00");
  AesCall call{.mode = AesMode::kCtr, .key = key, .iv = last, .counter_bits = 8};
  const std::string wrapped = *Aes(call, zeros);
  call.iv = first;
  EXPECT_EQ(wrapped.substr(16), Aes(call, zeros)->substr(0, 48));
  // With 64 bits the same counter carries into the byte before.
  call.iv = last;
  call.counter_bits = 64;
  EXPECT_NE(Aes(call, zeros)->substr(16), wrapped.substr(16));
  // 2 bits number 4 blocks; a fifth would repeat the key stream.
  call.counter_bits = 2;
  EXPECT_TRUE(Aes(call, zeros).ok());
  EXPECT_THAT(Aes(call, zeros + "x").status().message(), HasSubstr("repeats"));
  // All ones: the next block's counter is all zeros, in 64 and in 128 bits.
  const std::string ones(16, '\xff');
  for (const int64_t bits : {64, 128}) {
    call.iv = ones;
    call.counter_bits = bits;
    const std::string second = Aes(call, zeros)->substr(16, 16);
    const std::string next = std::string(bits == 64 ? 8 : 0, '\xff') + std::string(bits / 8, '\0');
    call.iv = next;
    EXPECT_EQ(second, Aes(call, zeros)->substr(0, 16)) << bits;
  }
}

TEST(Aes, GcmAuthenticates) {
  const std::string key(16, '\0'), iv(12, '\0');
  AesCall call{.mode = AesMode::kGcm, .key = key, .iv = iv};
  std::string out = *Aes(call, std::string(16, '\0'));
  EXPECT_EQ(EncodeHex(out), "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
  call.encrypt = false;
  EXPECT_EQ(*Aes(call, out), std::string(16, '\0'));
  call.additional_data = "other";
  EXPECT_EQ(Aes(call, out).status().message(), "could not decrypt");
  call.additional_data = "";
  out[0] = static_cast<char>(out[0] ^ 1);
  EXPECT_EQ(Aes(call, out).status().message(), "could not decrypt");
  EXPECT_EQ(Aes(call, "short").status().message(), "could not decrypt");
}

TEST(Aes, RefusesWhatHasTheWrongSize) {
  const std::string key(16, 'k'), iv(16, 'i');
  EXPECT_EQ(Aes({.key = "short", .iv = iv}, "").status().message(),
            "AES key of 40 bits; allowed: 128, 192 and 256");
  EXPECT_EQ(Aes({.key = key, .iv = "x"}, "").status().message(), "iv of 1 bytes; allowed: 16");
  EXPECT_EQ(Aes({.mode = AesMode::kGcm, .key = key}, "").status().message(),
            "iv of 0 bytes; allowed: 1 or more");
  EXPECT_EQ(
      Aes({.mode = AesMode::kGcm, .key = key, .iv = iv, .tag_bits = 40}, "").status().message(),
      "tagLength 40; allowed: 32, 64, 96, 104, 112, 120 and 128");
  EXPECT_EQ(Aes({.mode = AesMode::kCtr, .key = key, .iv = iv, .counter_bits = 129}, "")
                .status()
                .message(),
            "length 129 of the counter; allowed: 1 to 128");
}

TEST(Pbkdf2, DerivesAsTheRfcSays) {
  EXPECT_EQ(EncodeHex(*Pbkdf2(HashAlgorithm::kSha1, "password", "salt", 2, 20)),
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  EXPECT_EQ(*Pbkdf2(HashAlgorithm::kSha256, "p", "s", 1, 0), "");
  EXPECT_THAT(Pbkdf2(HashAlgorithm::kSha1, "p", "s", 0, 20).status().message(),
              HasSubstr("iterations 0; allowed: 1 to 2147483647"));
  EXPECT_THAT(Pbkdf2(HashAlgorithm::kMd5, "p", "s", 1, 20).status().message(),
              HasSubstr("allowed: SHA-1"));
}

TEST(Hkdf, DerivesAsTheRfcSays) {
  EXPECT_EQ(EncodeHex(*Hkdf(HashAlgorithm::kSha256, std::string(22, '\x0b'),
                            Hex("000102030405060708090a0b0c"), Hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(Hkdf(HashAlgorithm::kSha256, "s", "", "", 255 * 32)->size(), 8160u);
  EXPECT_THAT(Hkdf(HashAlgorithm::kSha256, "s", "", "", 8161).status().message(),
              HasSubstr("at most 8160"));
}

}  // namespace
}  // namespace lockstep::agent
