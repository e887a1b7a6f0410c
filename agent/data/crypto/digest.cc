#include "agent/data/crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/md4.h>

#include "agent/data/crypto/openssl_handles.h"
#include "agent/data/crypto/text_codec.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

class EvpHasher final : public Hasher {
 public:
  explicit EvpHasher(const EVP_MD* md) : context_(EVP_MD_CTX_new()) {
    LOCKSTEP_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_.get(), md, nullptr) == 1);
  }
  void Update(absl::string_view bytes) override {
    LOCKSTEP_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  std::string Digest() const override {
    const DigestContext copy(EVP_MD_CTX_new());
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    LOCKSTEP_CHECK(EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1);
    LOCKSTEP_CHECK(EVP_DigestFinal_ex(copy.get(), digest, &size) == 1);
    return std::string(reinterpret_cast<const char*>(digest), size);
  }

 private:
  DigestContext context_;
};

// MD4 is in OpenSSL's legacy provider only, which not every installation has; its plain functions,
// which OpenSSL 3 calls deprecated, always exist.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
class Md4Hasher final : public Hasher {
 public:
  Md4Hasher() { MD4_Init(&context_); }
  void Update(absl::string_view bytes) override {
    MD4_Update(&context_, bytes.data(), bytes.size());
  }
  std::string Digest() const override {
    MD4_CTX copy = context_;
    unsigned char digest[MD4_DIGEST_LENGTH];
    MD4_Final(digest, &copy);
    return std::string(reinterpret_cast<const char*>(digest), sizeof(digest));
  }

 private:
  MD4_CTX context_;
};
#pragma GCC diagnostic pop

// RFC 2104: H(key ^ opad, H(key ^ ipad, text)).
class HmacHasher final : public Hasher {
 public:
  HmacHasher(HashAlgorithm algorithm, absl::string_view key)
      : algorithm_(algorithm), inner_(MakeHash(algorithm)) {
    const EVP_MD* md = DigestOf(algorithm);
    const size_t block = md == nullptr ? MD4_CBLOCK : static_cast<size_t>(EVP_MD_block_size(md));
    std::string padded = key.size() > block ? Hash(algorithm, key) : std::string(key);
    padded.resize(block, '\0');
    std::string inner_pad = padded;
    outer_pad_ = std::move(padded);
    for (size_t i = 0; i < block; ++i) {
      inner_pad[i] = static_cast<char>(inner_pad[i] ^ 0x36);
      outer_pad_[i] = static_cast<char>(outer_pad_[i] ^ 0x5c);
    }
    inner_->Update(inner_pad);
  }
  void Update(absl::string_view bytes) override { inner_->Update(bytes); }
  std::string Digest() const override {
    const std::unique_ptr<Hasher> outer = MakeHash(algorithm_);
    outer->Update(outer_pad_);
    outer->Update(inner_->Digest());
    return outer->Digest();
  }

 private:
  const HashAlgorithm algorithm_;
  std::unique_ptr<Hasher> inner_;
  std::string outer_pad_;
};

}  // namespace

const EVP_MD* DigestOf(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kMd4:
      return nullptr;
    case HashAlgorithm::kMd5:
      return EVP_md5();
    case HashAlgorithm::kRipemd160:
      return EVP_ripemd160();
    case HashAlgorithm::kSha1:
      return EVP_sha1();
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
    case HashAlgorithm::kSha512_224:
      return EVP_sha512_224();
    case HashAlgorithm::kSha512_256:
      return EVP_sha512_256();
  }
  return nullptr;
}

std::optional<HashAlgorithm> ParseHashAlgorithm(absl::string_view name) {
  for (const auto& [known, algorithm] : kHashAlgorithms) {
    if (known == name) {
      return algorithm;
    }
  }
  return std::nullopt;
}

std::optional<DigestEncoding> ParseDigestEncoding(absl::string_view name) {
  constexpr std::pair<absl::string_view, DigestEncoding> kEncodings[] = {
      {"hex", DigestEncoding::kHex},
      {"base64", DigestEncoding::kBase64},
      {"base64url", DigestEncoding::kBase64Url},
      {"base64rawurl", DigestEncoding::kBase64RawUrl},
      {"binary", DigestEncoding::kBinary},
  };
  for (const auto& [known, encoding] : kEncodings) {
    if (known == name) {
      return encoding;
    }
  }
  return std::nullopt;
}

std::string EncodeDigest(absl::string_view digest, DigestEncoding encoding) {
  switch (encoding) {
    case DigestEncoding::kHex:
      return EncodeHex(digest);
    case DigestEncoding::kBase64:
      return EncodeBase64(digest, Base64Alphabet::kStd);
    case DigestEncoding::kBase64Url:
      return EncodeBase64(digest, Base64Alphabet::kUrl);
    case DigestEncoding::kBase64RawUrl:
      return EncodeBase64(digest, Base64Alphabet::kRawUrl);
    case DigestEncoding::kBinary:
      break;
  }
  return std::string(digest);
}

std::unique_ptr<Hasher> MakeHash(HashAlgorithm algorithm) {
  const EVP_MD* md = DigestOf(algorithm);
  if (md == nullptr) {
    return std::make_unique<Md4Hasher>();
  }
  return std::make_unique<EvpHasher>(md);
}

std::unique_ptr<Hasher> MakeHmac(HashAlgorithm algorithm, absl::string_view key) {
  return std::make_unique<HmacHasher>(algorithm, key);
}

std::string Hash(HashAlgorithm algorithm, absl::string_view bytes) {
  const std::unique_ptr<Hasher> hasher = MakeHash(algorithm);
  hasher->Update(bytes);
  return hasher->Digest();
}

}  // namespace lockstep::agent
