// OpenSSL's readers of text, as PEM needs them, and its writers.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>

#include "absl/strings/string_view.h"

#include "common/base/openssl_free.h"

namespace lockstep::openssl {

using Bio = std::unique_ptr<BIO, Free<&BIO_free_all>>;

// A reader of `text`, which outlives it.
inline Bio Reader(absl::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// What was written to a memory BIO.
inline std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace lockstep::openssl
