// The symmetric part of WebCrypto: AES in its modes, and keys derived from passwords and secrets.
// On OpenSSL; pure otherwise. Errors are InvalidArgument with what is allowed; for a text that does
// not decrypt, the error says no more than that, as an attacker could learn from it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/data/crypto/digest.h"

namespace lockstep::agent {

enum class AesMode { kCbc, kCtr, kGcm };

struct AesCall {
  AesMode mode = AesMode::kCbc;
  bool encrypt = true;
  absl::string_view key = {};              // 16, 24 or 32 bytes
  absl::string_view iv = {};               // 16 bytes (CTR: the first counter); GCM: at least one
  absl::string_view additional_data = {};  // GCM only
  int64_t tag_bits = 128;                  // GCM only: 32, 64, 96, 104, 112, 120 or 128
  int64_t counter_bits = 64;  // CTR only: how many of the counter's last bits count, 1..128
};

// The text enciphered or deciphered: CBC with PKCS #7 padding, GCM with its tag at the end.
absl::StatusOr<std::string> Aes(const AesCall& call, absl::string_view text);

// A key of whole blocks of 8 bytes, at least 16, wrapped in another one, of 16, 24 or 32 bytes, and
// unwrapped again: RFC 3394.
absl::StatusOr<std::string> AesWrap(absl::string_view key, absl::string_view bytes);
absl::StatusOr<std::string> AesUnwrap(absl::string_view key, absl::string_view bytes);

// RFC 8018 with HMAC; `iterations` 1..2^31-1, `bytes` at most 2^24. Takes time in proportion to
// `iterations`, on the caller's thread.
absl::StatusOr<std::string> Pbkdf2(HashAlgorithm hash, absl::string_view password,
                                   absl::string_view salt, int64_t iterations, int64_t bytes);

// RFC 5869; `bytes` at most 255 times the hash's size.
absl::StatusOr<std::string> Hkdf(HashAlgorithm hash, absl::string_view secret,
                                 absl::string_view salt, absl::string_view info, int64_t bytes);

}  // namespace lockstep::agent
