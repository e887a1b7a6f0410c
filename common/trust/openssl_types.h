// OpenSSL's objects as owners that free themselves. For the folders named trust.
#pragma once

#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/base/openssl_free.h"
#include "common/base/openssl_text.h"

namespace lockstep::openssl {

using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Crl = std::unique_ptr<X509_CRL, Free<&X509_CRL_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;

}  // namespace lockstep::openssl
