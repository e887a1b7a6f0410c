// OpenSSL's objects as owners that free themselves. For the folders named trust.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "absl/strings/string_view.h"

#include "common/base/openssl_free.h"

namespace lockstep::openssl {

using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Crl = std::unique_ptr<X509_CRL, Free<&X509_CRL_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
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
