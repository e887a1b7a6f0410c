// The hash functions of k6/crypto and HMAC over them, all at once or piece by piece. On OpenSSL;
// pure otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

enum class HashAlgorithm {
  kMd4,
  kMd5,
  kRipemd160,
  kSha1,
  kSha256,
  kSha384,
  kSha512,
  kSha512_224,
  kSha512_256
};

// With k6's names, in the order in which its module shows them.
inline constexpr std::pair<absl::string_view, HashAlgorithm> kHashAlgorithms[] = {
    {"md4", HashAlgorithm::kMd4},
    {"md5", HashAlgorithm::kMd5},
    {"sha1", HashAlgorithm::kSha1},
    {"sha256", HashAlgorithm::kSha256},
    {"sha384", HashAlgorithm::kSha384},
    {"sha512", HashAlgorithm::kSha512},
    {"sha512_224", HashAlgorithm::kSha512_224},
    {"sha512_256", HashAlgorithm::kSha512_256},
    {"ripemd160", HashAlgorithm::kRipemd160},
};
std::optional<HashAlgorithm> ParseHashAlgorithm(absl::string_view name);

// How a digest is handed out; binary stays bytes.
enum class DigestEncoding { kHex, kBase64, kBase64Url, kBase64RawUrl, kBinary };
std::optional<DigestEncoding> ParseDigestEncoding(absl::string_view name);
std::string EncodeDigest(absl::string_view digest, DigestEncoding encoding);

// A hash or an HMAC that takes its input in pieces. Not thread-safe.
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual void Update(absl::string_view bytes) = 0;
  // The digest of everything so far; more may follow.
  virtual std::string Digest() const = 0;
};

std::unique_ptr<Hasher> MakeHash(HashAlgorithm algorithm);
std::unique_ptr<Hasher> MakeHmac(HashAlgorithm algorithm, absl::string_view key);

std::string Hash(HashAlgorithm algorithm, absl::string_view bytes);

}  // namespace lockstep::agent
