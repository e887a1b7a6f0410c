#include "common/base/content_hash.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "common/base/check.h"

namespace lockstep {

std::string Sha256(absl::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                        &size, EVP_sha256(), nullptr);
  LOCKSTEP_CHECK(done == 1 && size == digest.size());
  return digest;
}

void BundleHash::Add(absl::string_view url, int64_t size_bytes, absl::string_view sha256) {
  lines_[std::string(url)] =
      absl::StrCat(url, "\n", size_bytes, "\n", absl::BytesToHexString(sha256), "\n");
}

std::string BundleHash::Digest() const {
  std::string text;
  for (const auto& [url, line] : lines_) {
    text += line;
  }
  return Sha256(text);
}

}  // namespace lockstep
