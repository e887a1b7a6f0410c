#include "agent/data/crypto/cipher.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <openssl/evp.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "agent/data/crypto/openssl_handles.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr size_t kBlock = 16;

absl::Status Failed(const AesCall& call) {
  return absl::InvalidArgumentError(call.encrypt ? "could not encrypt" : "could not decrypt");
}

const EVP_CIPHER* CipherOf(AesMode mode, size_t key_size) {
  const int which = key_size == 16 ? 0 : key_size == 24 ? 1 : 2;
  switch (mode) {
    case AesMode::kCbc:
      return which == 0 ? EVP_aes_128_cbc() : which == 1 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
    case AesMode::kCtr:
      return which == 0 ? EVP_aes_128_ctr() : which == 1 ? EVP_aes_192_ctr() : EVP_aes_256_ctr();
    case AesMode::kGcm:
      return which == 0 ? EVP_aes_128_gcm() : which == 1 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
  }
  return nullptr;
}

absl::Status Check(const AesCall& call, absl::string_view text) {
  if (call.key.size() != 16 && call.key.size() != 24 && call.key.size() != 32) {
    return absl::InvalidArgumentError(
        absl::StrCat("AES key of ", call.key.size() * 8, " bits; allowed: 128, 192 and 256"));
  }
  if (call.mode == AesMode::kGcm ? call.iv.empty() : call.iv.size() != kBlock) {
    return absl::InvalidArgumentError(
        absl::StrCat(call.mode == AesMode::kCtr ? "counter" : "iv", " of ", call.iv.size(),
                     " bytes; allowed: ", call.mode == AesMode::kGcm ? "1 or more" : "16"));
  }
  if (call.mode == AesMode::kCtr && (call.counter_bits < 1 || call.counter_bits > 128)) {
    return absl::InvalidArgumentError(
        absl::StrCat("length ", call.counter_bits, " of the counter; allowed: 1 to 128"));
  }
  constexpr int64_t kTags[] = {32, 64, 96, 104, 112, 120, 128};
  if (call.mode == AesMode::kGcm &&
      std::find(std::begin(kTags), std::end(kTags), call.tag_bits) == std::end(kTags)) {
    return absl::InvalidArgumentError(
        absl::StrCat("tagLength ", call.tag_bits, "; allowed: 32, 64, 96, 104, 112, 120 and 128"));
  }
  constexpr size_t kMost = std::numeric_limits<int>::max() / 2;
  if (text.size() > kMost || call.additional_data.size() > kMost || call.iv.size() > kMost) {
    return absl::InvalidArgumentError("more than 1 GiB at once");
  }
  return absl::OkStatus();
}

// One pass of the cipher from `iv`; CBC and CTR.
absl::StatusOr<std::string> Run(const AesCall& call, absl::string_view iv, absl::string_view text) {
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  LOCKSTEP_CHECK(cipher != nullptr);
  std::string out(text.size() + kBlock, '\0');
  int size = 0, rest = 0;
  if (EVP_CipherInit_ex(cipher.get(), CipherOf(call.mode, call.key.size()), nullptr,
                        ConstBytes(call.key), ConstBytes(iv), call.encrypt ? 1 : 0) != 1 ||
      EVP_CipherUpdate(cipher.get(), MutableBytes(out), &size, ConstBytes(text),
                       static_cast<int>(text.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), MutableBytes(out) + size, &rest) != 1) {
    return Failed(call);
  }
  out.resize(static_cast<size_t>(size) + static_cast<size_t>(rest));
  return out;
}

absl::StatusOr<std::string> RunGcm(const AesCall& call, absl::string_view text) {
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  LOCKSTEP_CHECK(cipher != nullptr);
  const int tag_size = static_cast<int>(call.tag_bits / 8);
  std::string tag(static_cast<size_t>(tag_size), '\0');
  if (!call.encrypt) {
    if (text.size() < tag.size()) {
      return Failed(call);
    }
    tag = std::string(text.substr(text.size() - tag.size()));
    text.remove_suffix(tag.size());
  }
  std::string out(text.size() + kBlock, '\0');
  int size = 0, rest = 0, ignored = 0;
  EVP_CIPHER_CTX* c = cipher.get();
  if (EVP_CipherInit_ex(c, CipherOf(call.mode, call.key.size()), nullptr, nullptr, nullptr,
                        call.encrypt ? 1 : 0) != 1 ||
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IVLEN, static_cast<int>(call.iv.size()), nullptr) !=
          1 ||
      EVP_CipherInit_ex(c, nullptr, nullptr, ConstBytes(call.key), ConstBytes(call.iv), -1) != 1 ||
      (!call.additional_data.empty() &&
       EVP_CipherUpdate(c, nullptr, &ignored, ConstBytes(call.additional_data),
                        static_cast<int>(call.additional_data.size())) != 1) ||
      EVP_CipherUpdate(c, MutableBytes(out), &size, ConstBytes(text),
                       static_cast<int>(text.size())) != 1 ||
      (!call.encrypt && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) != 1) ||
      EVP_CipherFinal_ex(c, MutableBytes(out) + size, &rest) != 1 ||
      (call.encrypt && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, tag_size, tag.data()) != 1)) {
    return Failed(call);
  }
  out.resize(static_cast<size_t>(size) + static_cast<size_t>(rest));
  return call.encrypt ? out + tag : out;
}

// How many blocks the counter's last `bits` bits can still number before they start again at zero;
// the largest integer stands for all that do not fit one.
uint64_t BlocksBeforeWrap(absl::string_view counter, int64_t bits) {
  uint64_t high = 0, low = 0;
  for (size_t i = 0; i < 8; ++i) {
    high = high << 8 | ConstBytes(counter)[i];
    low = low << 8 | ConstBytes(counter)[i + 8];
  }
  if (bits < 64) {
    const uint64_t size = uint64_t{1} << bits;
    return size - (low & (size - 1));
  }
  const uint64_t high_mask = bits == 64 ? 0 : ~uint64_t{0} >> static_cast<unsigned>(128 - bits);
  const bool last_lap = (high & high_mask) == high_mask;
  return last_lap && low != 0 ? ~low + 1 : std::numeric_limits<uint64_t>::max();
}

// `counter` with its last `bits` bits zero.
std::string Wrapped(absl::string_view counter, int64_t bits) {
  std::string wrapped(counter);
  for (size_t i = kBlock; bits > 0; bits -= 8) {
    --i;
    const int keep = bits >= 8 ? 0 : 0xff << bits & 0xff;
    wrapped[i] = static_cast<char>(wrapped[i] & keep);
  }
  return wrapped;
}

// OpenSSL counts in all 128 bits, so a counter that starts again needs a second pass.
absl::StatusOr<std::string> RunCtr(const AesCall& call, absl::string_view text) {
  const uint64_t blocks = (text.size() + kBlock - 1) / kBlock;
  if (call.counter_bits < 64 && blocks > uint64_t{1} << call.counter_bits) {
    return absl::InvalidArgumentError(
        absl::StrCat("a counter of ", call.counter_bits, " bits repeats within the text"));
  }
  const uint64_t first = BlocksBeforeWrap(call.iv, call.counter_bits);
  if (blocks <= first) {
    return Run(call, call.iv, text);
  }
  const size_t split = static_cast<size_t>(first) * kBlock;
  absl::StatusOr<std::string> head = Run(call, call.iv, text.substr(0, split));
  const absl::StatusOr<std::string> tail =
      Run(call, Wrapped(call.iv, call.counter_bits), text.substr(split));
  if (!head.ok() || !tail.ok()) {
    return Failed(call);
  }
  return absl::StrCat(*head, *tail);
}

std::string Hmac(HashAlgorithm hash, absl::string_view key, absl::string_view text) {
  const std::unique_ptr<Hasher> hasher = MakeHmac(hash, key);
  hasher->Update(text);
  return hasher->Digest();
}

}  // namespace

const EVP_MD* ShaOf(HashAlgorithm hash) {
  switch (hash) {
    case HashAlgorithm::kSha1:
    case HashAlgorithm::kSha256:
    case HashAlgorithm::kSha384:
    case HashAlgorithm::kSha512:
      return DigestOf(hash);
    default:
      return nullptr;
  }
}

absl::StatusOr<std::string> Aes(const AesCall& call, absl::string_view text) {
  if (const absl::Status status = Check(call, text); !status.ok()) {
    return status;
  }
  switch (call.mode) {
    case AesMode::kCbc:
      return Run(call, call.iv, text);
    case AesMode::kCtr:
      return RunCtr(call, text);
    case AesMode::kGcm:
      return RunGcm(call, text);
  }
  return Failed(call);
}

namespace {

// One pass of RFC 3394's key wrap with its usual initial value.
absl::StatusOr<std::string> RunWrap(bool wrap, absl::string_view key, absl::string_view bytes) {
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  LOCKSTEP_CHECK(cipher != nullptr);
  EVP_CIPHER_CTX_set_flags(cipher.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  const EVP_CIPHER* kind = key.size() == 16   ? EVP_aes_128_wrap()
                           : key.size() == 24 ? EVP_aes_192_wrap()
                                              : EVP_aes_256_wrap();
  std::string out(bytes.size() + kBlock, '\0');
  int size = 0;
  if (EVP_CipherInit_ex(cipher.get(), kind, nullptr, ConstBytes(key), nullptr, wrap ? 1 : 0) != 1 ||
      EVP_CipherUpdate(cipher.get(), MutableBytes(out), &size, ConstBytes(bytes),
                       static_cast<int>(bytes.size())) != 1) {
    return absl::InvalidArgumentError(wrap ? "could not wrap" : "could not unwrap");
  }
  out.resize(static_cast<size_t>(size));
  return out;
}

absl::Status CheckWrap(absl::string_view key, absl::string_view bytes, size_t least) {
  constexpr size_t kUnit = 8, kMost = size_t{1} << 20;
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) {
    return absl::InvalidArgumentError(
        absl::StrCat("AES key of ", key.size() * 8, " bits; allowed: 128, 192 and 256"));
  }
  if (bytes.size() < least || bytes.size() > kMost || bytes.size() % kUnit != 0) {
    return absl::InvalidArgumentError(absl::StrCat(bytes.size(), " bytes; allowed: multiples of ",
                                                   kUnit, " from ", least, " on"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> AesWrap(absl::string_view key, absl::string_view bytes) {
  if (const absl::Status status = CheckWrap(key, bytes, kBlock); !status.ok()) {
    return status;
  }
  return RunWrap(true, key, bytes);
}

absl::StatusOr<std::string> AesUnwrap(absl::string_view key, absl::string_view bytes) {
  constexpr size_t kLeast = kBlock + 8;
  if (const absl::Status status = CheckWrap(key, bytes, kLeast); !status.ok()) {
    return status;
  }
  return RunWrap(false, key, bytes);
}

absl::StatusOr<std::string> Pbkdf2(HashAlgorithm hash, absl::string_view password,
                                   absl::string_view salt, int64_t iterations, int64_t bytes) {
  const EVP_MD* md = ShaOf(hash);
  if (md == nullptr) {
    return absl::InvalidArgumentError("hash; allowed: SHA-1, SHA-256, SHA-384 and SHA-512");
  }
  if (iterations < 1 || iterations > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("iterations ", iterations, "; allowed: 1 to 2147483647"));
  }
  constexpr int64_t kMost = 1 << 24;
  if (bytes < 0 || bytes > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat("length of ", bytes, " bytes; allowed: at most ", kMost));
  }
  std::string derived(static_cast<size_t>(bytes), '\0');
  if (bytes != 0 &&
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), ConstBytes(salt),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), md,
                        static_cast<int>(bytes), MutableBytes(derived)) != 1) {
    return absl::InvalidArgumentError("could not derive a key");
  }
  return derived;
}

absl::StatusOr<std::string> Hkdf(HashAlgorithm hash, absl::string_view secret,
                                 absl::string_view salt, absl::string_view info, int64_t bytes) {
  const int64_t size = static_cast<int64_t>(Hash(hash, "").size());
  if (bytes < 0 || bytes > 255 * size) {
    return absl::InvalidArgumentError(
        absl::StrCat("length of ", bytes, " bytes; allowed: at most ", 255 * size));
  }
  const std::string key = Hmac(hash, salt, secret);
  std::string derived, last;
  for (int i = 1; static_cast<int64_t>(derived.size()) < bytes; ++i) {
    const char number = static_cast<char>(i);
    last = Hmac(hash, key, absl::StrCat(last, info, absl::string_view(&number, 1)));
    derived += last;
  }
  derived.resize(static_cast<size_t>(bytes));
  return derived;
}

}  // namespace lockstep::agent
