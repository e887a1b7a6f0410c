// Public and private keys of RSA and of the curves of NIST (FIPS 186), as WebCrypto has them: made,
// read from and written to every format, and what is done with them. On OpenSSL; pure otherwise.
//
// Errors are InvalidArgument with what is wrong. Where an attacker could learn from more, they say
// only that it failed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <openssl/evp.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/data/crypto/digest.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

enum class Curve { kP256, kP384, kP521 };

// "P-256", "P-384" or "P-521".
std::optional<Curve> ParseCurve(absl::string_view name);
absl::string_view CurveName(Curve curve);
// Bytes of a coordinate: 32, 48 or 66.
size_t FieldBytes(Curve curve);

// The numbers of a key, big-endian and without leading zeros; d, p, q, dp, dq and qi only of a
// private one. RFC 8017.
struct RsaNumbers {
  std::string n = {}, e = {}, d = {}, p = {}, q = {}, dp = {}, dq = {}, qi = {};
};
// The numbers of a key, each of FieldBytes; d only of a private one.
struct EcNumbers {
  Curve curve = Curve::kP256;
  std::string x = {}, y = {}, d = {};
};

class KeyPair {
 public:
  // `bits` 256..16384; `exponent` as RsaNumbers::e, odd and more than 1. Takes time: 0.1 s for 2048
  // bits is usual.
  static absl::StatusOr<KeyPair> GenerateRsa(int64_t bits, absl::string_view exponent);
  static absl::StatusOr<KeyPair> GenerateEc(Curve curve);
  // DER of a SubjectPublicKeyInfo or of a PrivateKeyInfo (RFC 5280, 5208) with a key of RSA or of
  // one of the curves.
  static absl::StatusOr<KeyPair> FromSpki(absl::string_view der);
  static absl::StatusOr<KeyPair> FromPkcs8(absl::string_view der);
  // A point of the curve without compression: 4, x, y.
  static absl::StatusOr<KeyPair> FromPoint(Curve curve, absl::string_view point);
  static absl::StatusOr<KeyPair> FromNumbers(const RsaNumbers& numbers);
  static absl::StatusOr<KeyPair> FromNumbers(const EcNumbers& numbers);

  bool is_private() const { return private_; }
  // The curve; nothing for a key of RSA.
  std::optional<Curve> curve() const;
  int64_t bits() const;  // of the modulus of RSA
  // The same key without its private part.
  KeyPair Public() const;

  std::string ToSpki() const;
  std::string ToPkcs8() const;  // of a private key
  std::string ToPoint() const;  // of a curve's key
  RsaNumbers ToRsaNumbers() const;
  EcNumbers ToEcNumbers() const;

  EVP_PKEY* get() const { return key_.get(); }

 private:
  KeyPair(EVP_PKEY* key, bool is_private) : key_(key), private_(is_private) {}

  static absl::StatusOr<KeyPair> Checked(EVP_PKEY* key, bool is_private);

  std::unique_ptr<EVP_PKEY, openssl::Free<&EVP_PKEY_free>> key_;
  bool private_;
};

// RSASSA-PKCS1-v1_5 and RSASSA-PSS of RFC 8017, the latter with `salt_bytes` of salt; `hash` is
// SHA-1 or one of SHA-2.
enum class RsaSignature { kPkcs1, kPss };
struct RsaSignatureCall {
  RsaSignature scheme = RsaSignature::kPkcs1;
  HashAlgorithm hash = HashAlgorithm::kSha256;
  int64_t salt_bytes = 0;
};
absl::StatusOr<std::string> RsaSign(const KeyPair& key, const RsaSignatureCall& call,
                                    absl::string_view data);
// A signature that is wrong in any way is false; an error is a call that cannot be made.
absl::StatusOr<bool> RsaVerify(const KeyPair& key, const RsaSignatureCall& call,
                               absl::string_view signature, absl::string_view data);

// RSAES-OAEP of RFC 8017, with MGF1 over the same hash.
absl::StatusOr<std::string> OaepEncrypt(const KeyPair& key, HashAlgorithm hash,
                                        absl::string_view label, absl::string_view text);
absl::StatusOr<std::string> OaepDecrypt(const KeyPair& key, HashAlgorithm hash,
                                        absl::string_view label, absl::string_view text);

// ECDSA with signatures as in IEEE 1363: r and s, each of FieldBytes.
absl::StatusOr<std::string> EcdsaSign(const KeyPair& key, HashAlgorithm hash,
                                      absl::string_view data);
absl::StatusOr<bool> EcdsaVerify(const KeyPair& key, HashAlgorithm hash,
                                 absl::string_view signature, absl::string_view data);

// The secret that a private key and another's public one of the same curve have in common:
// FieldBytes of it.
absl::StatusOr<std::string> EcdhSecret(const KeyPair& key, const KeyPair& peer);

}  // namespace lockstep::agent
