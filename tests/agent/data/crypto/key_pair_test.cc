// Published vectors are in data/vectors.json, which says where they are from.
#include "agent/data/crypto/key_pair.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

#include "agent/data/crypto/cipher.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const Json& Vectors() {
  static const Json* const kVectors =
      new Json(Json::parse(std::ifstream("tests/agent/data/crypto/data/vectors.json")));
  return *kVectors;
}

std::string Bytes(const Json& hex) {
  return absl::HexStringToBytes(hex.get<std::string>());
}

RsaNumbers RsaOf(const Json& key) {
  return {.n = Bytes(key["n"]),
          .e = Bytes(key["e"]),
          .d = Bytes(key["d"]),
          .p = Bytes(key["p"]),
          .q = Bytes(key["q"]),
          .dp = Bytes(key["dp"]),
          .dq = Bytes(key["dq"]),
          .qi = Bytes(key["qi"])};
}

HashAlgorithm HashOf(const std::string& name) {
  return name == "SHA-1"     ? HashAlgorithm::kSha1
         : name == "SHA-256" ? HashAlgorithm::kSha256
         : name == "SHA-384" ? HashAlgorithm::kSha384
                             : HashAlgorithm::kSha512;
}

std::string Tampered(std::string bytes) {
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  return bytes;
}

TEST(KeyPair, SignsWithPkcs1AsRsaLaboratoriesSay) {
  int tried = 0;
  for (const Json& group : Vectors()["pkcs1"]) {
    const KeyPair key = *KeyPair::FromNumbers(RsaOf(group["key"]));
    const RsaSignatureCall call{.scheme = RsaSignature::kPkcs1, .hash = HashAlgorithm::kSha1};
    for (const Json& example : group["examples"]) {
      const std::string message = Bytes(example["message"]),
                        signature = Bytes(example["signature"]);
      EXPECT_EQ(*RsaSign(key, call, message), signature);
      EXPECT_TRUE(*RsaVerify(key.Public(), call, signature, message));
      EXPECT_FALSE(*RsaVerify(key.Public(), call, Tampered(signature), message));
      EXPECT_FALSE(*RsaVerify(key.Public(), call, signature.substr(1), message));
      ++tried;
    }
  }
  EXPECT_EQ(tried, 15);
}

TEST(KeyPair, VerifiesPssAsRsaLaboratoriesSay) {
  int tried = 0;
  for (const Json& group : Vectors()["pss"]) {
    const KeyPair key = *KeyPair::FromNumbers(RsaOf(group["key"]));
    for (const Json& example : group["examples"]) {
      const RsaSignatureCall call{.scheme = RsaSignature::kPss,
                                  .hash = HashAlgorithm::kSha1,
                                  .salt_bytes = example["salt"].get<int64_t>()};
      const std::string message = Bytes(example["message"]),
                        signature = Bytes(example["signature"]);
      EXPECT_TRUE(*RsaVerify(key, call, signature, message));
      EXPECT_FALSE(*RsaVerify(key, call, Tampered(signature), message));
      EXPECT_TRUE(*RsaVerify(key, call, *RsaSign(key, call, message), message));
      ++tried;
    }
  }
  EXPECT_EQ(tried, 18);
}

TEST(KeyPair, ASaltThatIsTooLongForTheKeyIsAnError) {
  const KeyPair key = *KeyPair::FromNumbers(RsaOf(Vectors()["pss"][0]["key"]));
  for (const int64_t salt : {int64_t{-1}, int64_t{200}, int64_t{1} << 40}) {
    const RsaSignatureCall call{.scheme = RsaSignature::kPss, .salt_bytes = salt};
    EXPECT_EQ(RsaSign(key, call, "m").status().message(), "could not sign") << salt;
  }
}

TEST(KeyPair, DecryptsOaepAsPublished) {
  int tried = 0;
  for (const Json& group : Vectors()["oaep"]) {
    const KeyPair key = *KeyPair::FromNumbers(RsaOf(group["key"]));
    for (const Json& example : group["examples"]) {
      const std::string message = Bytes(example["message"]), text = Bytes(example["ciphertext"]);
      EXPECT_EQ(*OaepDecrypt(key, HashAlgorithm::kSha256, "", text), message);
      EXPECT_EQ(OaepDecrypt(key, HashAlgorithm::kSha256, "label", text).status().message(),
                "could not decrypt");
      EXPECT_EQ(OaepDecrypt(key, HashAlgorithm::kSha256, "", Tampered(text)).status().message(),
                "could not decrypt");
      const std::string again = *OaepEncrypt(key.Public(), HashAlgorithm::kSha384, "label", "m");
      EXPECT_EQ(*OaepDecrypt(key, HashAlgorithm::kSha384, "label", again), "m");
      ++tried;
    }
  }
  EXPECT_EQ(tried, 12);
}

TEST(KeyPair, ATextThatIsTooLongForTheKeyIsAnError) {
  const KeyPair key = *KeyPair::FromNumbers(RsaOf(Vectors()["pkcs1"][0]["key"]));
  // 1024 bits are 128 bytes, of which OAEP takes 2 and twice the hash.
  EXPECT_TRUE(OaepEncrypt(key, HashAlgorithm::kSha1, "", std::string(86, 'm')).ok());
  EXPECT_THAT(OaepEncrypt(key, HashAlgorithm::kSha1, "", std::string(87, 'm')).status().message(),
              HasSubstr("too long"));
}

TEST(KeyPair, VerifiesEcdsaAsNistSays) {
  int good = 0, bad = 0;
  for (const Json& example : Vectors()["ecdsa"]) {
    const absl::StatusOr<KeyPair> key =
        KeyPair::FromNumbers(EcNumbers{.curve = *ParseCurve(example["curve"].get<std::string>()),
                                       .x = Bytes(example["x"]),
                                       .y = Bytes(example["y"])});
    // A key that was tampered with need not be on the curve.
    const bool verified =
        key.ok() && *EcdsaVerify(*key, HashOf(example["hash"]), Bytes(example["signature"]),
                                 Bytes(example["message"]));
    EXPECT_EQ(verified, example["good"].get<bool>()) << example.dump();
    ++(verified ? good : bad);
  }
  EXPECT_EQ(good, 17);
  EXPECT_EQ(bad, 79);
}

TEST(KeyPair, AgreesOnSecretsAsNistSays) {
  int good = 0, bad = 0;
  for (const Json& example : Vectors()["ecdh"]) {
    const Curve curve = *ParseCurve(example["curve"].get<std::string>());
    const absl::StatusOr<KeyPair> own = KeyPair::FromNumbers(EcNumbers{.curve = curve,
                                                                       .x = Bytes(example["x"]),
                                                                       .y = Bytes(example["y"]),
                                                                       .d = Bytes(example["d"])});
    const absl::StatusOr<KeyPair> peer = KeyPair::FromNumbers(
        EcNumbers{.curve = curve, .x = Bytes(example["peerX"]), .y = Bytes(example["peerY"])});
    const bool agreed =
        own.ok() && peer.ok() && *EcdhSecret(*own, *peer) == Bytes(example["secret"]);
    EXPECT_EQ(agreed, absl::StartsWith(example["result"].get<std::string>(), "P"))
        << example.dump();
    ++(agreed ? good : bad);
  }
  EXPECT_GE(good, 6);
  EXPECT_EQ(good + bad, 57);
}

TEST(AesWrap, WrapsAsNistSays) {
  int good = 0;
  for (const Json& example : Vectors()["wrap"]) {
    const std::string key = Bytes(example["key"]), wrapped = Bytes(example["wrapped"]);
    if (example["text"].is_null()) {
      EXPECT_EQ(AesUnwrap(key, wrapped).status().message(), "could not unwrap");
      continue;
    }
    EXPECT_EQ(*AesUnwrap(key, wrapped), Bytes(example["text"]));
    EXPECT_EQ(*AesWrap(key, Bytes(example["text"])), wrapped);
    ++good;
  }
  EXPECT_GE(good, 20);
}

TEST(AesWrap, RefusesWhatHasTheWrongSize) {
  EXPECT_EQ(AesWrap("short", std::string(16, 'k')).status().message(),
            "AES key of 40 bits; allowed: 128, 192 and 256");
  EXPECT_EQ(AesWrap(std::string(16, 'k'), std::string(17, 'k')).status().message(),
            "17 bytes; allowed: multiples of 8 from 16 on");
  EXPECT_EQ(AesUnwrap(std::string(16, 'k'), std::string(16, 'k')).status().message(),
            "16 bytes; allowed: multiples of 8 from 24 on");
}

TEST(KeyPair, GoesThroughEveryFormat) {
  for (const Curve curve : {Curve::kP256, Curve::kP384, Curve::kP521}) {
    const KeyPair key = *KeyPair::GenerateEc(curve);
    EXPECT_EQ(key.curve(), curve);
    const KeyPair again = *KeyPair::FromPkcs8(key.ToPkcs8());
    EXPECT_TRUE(again.is_private());
    EXPECT_EQ(again.ToEcNumbers().d, key.ToEcNumbers().d);
    EXPECT_EQ(key.ToPoint().size(), 1 + 2 * FieldBytes(curve));
    const KeyPair peer = *KeyPair::FromPoint(curve, key.ToPoint());
    EXPECT_FALSE(peer.is_private());
    EXPECT_EQ(peer.ToSpki(), key.ToSpki());
    EXPECT_TRUE(*EcdsaVerify(peer, HashAlgorithm::kSha512,
                             *EcdsaSign(key, HashAlgorithm::kSha512, "m"), "m"));
    EXPECT_EQ(KeyPair::FromNumbers(key.ToEcNumbers())->ToPkcs8(), key.ToPkcs8());
  }
  const KeyPair rsa = *KeyPair::GenerateRsa(1024, "\x03");
  EXPECT_EQ(rsa.bits(), 1024);
  EXPECT_EQ(rsa.curve(), std::nullopt);
  EXPECT_EQ(rsa.ToRsaNumbers().e, "\x03");
  EXPECT_EQ(KeyPair::FromNumbers(rsa.ToRsaNumbers())->ToPkcs8(), rsa.ToPkcs8());
  EXPECT_EQ(KeyPair::FromSpki(rsa.ToSpki())->ToRsaNumbers().d, "");
}

TEST(KeyPair, RefusesWhatIsNoKey) {
  const std::string spki = KeyPair::GenerateEc(Curve::kP256)->ToSpki();
  EXPECT_EQ(KeyPair::FromSpki("no DER").status().message(), "not a key in the format spki");
  EXPECT_FALSE(KeyPair::FromSpki(spki + "x").ok());
  EXPECT_FALSE(KeyPair::FromSpki(spki.substr(0, 30)).ok());
  EXPECT_EQ(KeyPair::FromPkcs8(spki).status().message(), "not a key in the format pkcs8");
  EXPECT_EQ(KeyPair::FromPoint(Curve::kP256, std::string(65, 4)).status().message(),
            "the numbers do not form a key of the curve P-256");
  EXPECT_FALSE(KeyPair::FromPoint(Curve::kP256, "\x04").ok());
  // A key of Ed25519 (RFC 8410, section 10.1) is good DER of a kind that is not supported.
  std::string ed25519;
  ASSERT_TRUE(absl::Base64Unescape("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
                                   &ed25519));
  EXPECT_FALSE(KeyPair::FromSpki(ed25519).ok());
  RsaNumbers numbers = RsaOf(Vectors()["pkcs1"][0]["key"]);
  numbers.d = Tampered(numbers.d);
  EXPECT_EQ(KeyPair::FromNumbers(numbers).status().message(), "the numbers do not form an RSA key");
  EXPECT_EQ(KeyPair::GenerateRsa(128, "\x03").status().message(),
            "modulusLength 128; allowed: 256 to 16384");
  EXPECT_FALSE(KeyPair::GenerateRsa(1024, "\x02").ok());
  EXPECT_FALSE(KeyPair::GenerateRsa(1024, "").ok());
}

TEST(KeyPair, SignaturesOfTheWrongSizeAreWrong) {
  const KeyPair key = *KeyPair::GenerateEc(Curve::kP256);
  EXPECT_FALSE(*EcdsaVerify(key, HashAlgorithm::kSha256, "", "m"));
  EXPECT_FALSE(*EcdsaVerify(key, HashAlgorithm::kSha256, std::string(64, '\0'), "m"));
  EXPECT_FALSE(*EcdsaVerify(key, HashAlgorithm::kSha256, std::string(96, 'x'), "m"));
  EXPECT_FALSE(EcdhSecret(key, *KeyPair::GenerateEc(Curve::kP384)).ok());
}

}  // namespace
}  // namespace lockstep::agent
