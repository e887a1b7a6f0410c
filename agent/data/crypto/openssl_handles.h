// What the files of this folder share of OpenSSL: its objects with owners, and its bytes.
#pragma once

#include <memory>
#include <string>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "absl/strings/string_view.h"

#include "agent/data/crypto/digest.h"
#include "common/base/check.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

using BigNumber = std::unique_ptr<BIGNUM, openssl::Free<&BN_clear_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, openssl::Free<&EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, openssl::Free<&EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, openssl::Free<&EVP_CIPHER_CTX_free>>;
using PrivateKeyInfo =
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, openssl::Free<&PKCS8_PRIV_KEY_INFO_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, openssl::Free<&ECDSA_SIG_free>>;

inline const unsigned char* ConstBytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* MutableBytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL's function; null for MD4, which its default provider has no more.
const EVP_MD* DigestOf(HashAlgorithm algorithm);
// The same for SHA-1 and SHA-2 without truncation; null for the other algorithms.
const EVP_MD* ShaOf(HashAlgorithm hash);

// The DER that `write`, a function of OpenSSL's, allocates and writes. It must not fail.
template <class Write>
std::string DerOf(Write write) {
  unsigned char* der = nullptr;
  const int size = write(&der);
  LOCKSTEP_CHECK(size > 0);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace lockstep::agent
