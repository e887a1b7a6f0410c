// What is done with key pairs: signatures, encryption, agreement.
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "agent/data/crypto/key_pair.h"
#include "agent/data/crypto/openssl_handles.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

absl::Status CouldNot(absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("could not ", what));
}

// Sets what a signature of RSA is like; false if the key or the hash does not go with it.
bool SetScheme(EVP_PKEY_CTX* context, const RsaSignatureCall& call) {
  if (call.scheme == RsaSignature::kPkcs1) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  }
  constexpr int64_t kMostSalt = 4096;
  return call.salt_bytes >= 0 && call.salt_bytes <= kMostSalt &&
         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, static_cast<int>(call.salt_bytes)) == 1;
}

bool SetOaep(EVP_PKEY_CTX* context, HashAlgorithm hash, absl::string_view label) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, ShaOf(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, ShaOf(hash)) != 1) {
    return false;
  }
  if (label.empty()) {
    return true;
  }
  void* copy = OPENSSL_memdup(label.data(), label.size());
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size())) != 1) {
    OPENSSL_free(copy);
    return false;
  }
  return true;
}

// The signature in OpenSSL's form. `scheme` null: the key's only one.
absl::StatusOr<std::string> Sign(const KeyPair& key, HashAlgorithm hash,
                                 const RsaSignatureCall* scheme, absl::string_view data) {
  const DigestContext context(EVP_MD_CTX_new());
  LOCKSTEP_CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;  // the digest's context owns it
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), &key_context, ShaOf(hash), nullptr, key.get()) != 1 ||
      (scheme != nullptr && !SetScheme(key_context, *scheme)) ||
      EVP_DigestSign(context.get(), nullptr, &size, ConstBytes(data), data.size()) != 1) {
    return CouldNot("sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), MutableBytes(signature), &size, ConstBytes(data),
                     data.size()) != 1) {
    return CouldNot("sign");
  }
  signature.resize(size);
  return signature;
}

absl::StatusOr<bool> Verify(const KeyPair& key, HashAlgorithm hash, const RsaSignatureCall* scheme,
                            absl::string_view signature, absl::string_view data) {
  const DigestContext context(EVP_MD_CTX_new());
  LOCKSTEP_CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;
  if (EVP_DigestVerifyInit(context.get(), &key_context, ShaOf(hash), nullptr, key.get()) != 1 ||
      (scheme != nullptr && !SetScheme(key_context, *scheme))) {
    return CouldNot("verify");
  }
  const bool good = EVP_DigestVerify(context.get(), ConstBytes(signature), signature.size(),
                                     ConstBytes(data), data.size()) == 1;
  ERR_clear_error();
  return good;
}

// One direction of RSA-OAEP, and what a failure of it could not do.
struct OaepDirection {
  decltype(&EVP_PKEY_encrypt_init) init;
  decltype(&EVP_PKEY_encrypt) run;
  const char* failure;
};

absl::StatusOr<std::string> Oaep(const OaepDirection& direction, const KeyPair& key,
                                 HashAlgorithm hash, absl::string_view label,
                                 absl::string_view text) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(key.get()));
  std::string out(size, '\0');
  if (direction.init(context.get()) != 1 || !SetOaep(context.get(), hash, label) ||
      direction.run(context.get(), MutableBytes(out), &size, ConstBytes(text), text.size()) != 1) {
    return CouldNot(direction.failure);
  }
  out.resize(size);
  return out;
}

}  // namespace

absl::StatusOr<std::string> RsaSign(const KeyPair& key, const RsaSignatureCall& call,
                                    absl::string_view data) {
  return Sign(key, call.hash, &call, data);
}

absl::StatusOr<bool> RsaVerify(const KeyPair& key, const RsaSignatureCall& call,
                               absl::string_view signature, absl::string_view data) {
  return Verify(key, call.hash, &call, signature, data);
}

absl::StatusOr<std::string> OaepEncrypt(const KeyPair& key, HashAlgorithm hash,
                                        absl::string_view label, absl::string_view text) {
  return Oaep(
      {EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, "encrypt: the text may be too long for the key"},
      key, hash, label, text);
}

absl::StatusOr<std::string> OaepDecrypt(const KeyPair& key, HashAlgorithm hash,
                                        absl::string_view label, absl::string_view text) {
  return Oaep({EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, "decrypt"}, key, hash, label, text);
}

absl::StatusOr<std::string> EcdsaSign(const KeyPair& key, HashAlgorithm hash,
                                      absl::string_view data) {
  const absl::StatusOr<std::string> der = Sign(key, hash, nullptr, data);
  if (!der.ok() || !key.curve().has_value()) {
    return CouldNot("sign");
  }
  const unsigned char* from = ConstBytes(*der);
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der->size())));
  LOCKSTEP_CHECK(signature != nullptr);
  const size_t size = FieldBytes(*key.curve());
  std::string out(2 * size, '\0');
  LOCKSTEP_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), MutableBytes(out),
                              static_cast<int>(size)) >= 0 &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), MutableBytes(out) + size,
                              static_cast<int>(size)) >= 0);
  return out;
}

absl::StatusOr<bool> EcdsaVerify(const KeyPair& key, HashAlgorithm hash,
                                 absl::string_view signature, absl::string_view data) {
  if (!key.curve().has_value()) {
    return CouldNot("verify");
  }
  const size_t size = FieldBytes(*key.curve());
  if (signature.size() != 2 * size) {
    return false;
  }
  const EcdsaSignature parsed(ECDSA_SIG_new());
  LOCKSTEP_CHECK(parsed != nullptr);
  LOCKSTEP_CHECK(
      ECDSA_SIG_set0(
          parsed.get(), BN_bin2bn(ConstBytes(signature), static_cast<int>(size), nullptr),
          BN_bin2bn(ConstBytes(signature) + size, static_cast<int>(size), nullptr)) == 1);
  const std::string der =
      DerOf([&parsed](unsigned char** to) { return i2d_ECDSA_SIG(parsed.get(), to); });
  return Verify(key, hash, nullptr, der, data);
}

absl::StatusOr<std::string> EcdhSecret(const KeyPair& key, const KeyPair& peer) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  size_t size = 0;
  if (EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    return CouldNot("derive: the keys do not go together");
  }
  std::string secret(size, '\0');
  if (EVP_PKEY_derive(context.get(), MutableBytes(secret), &size) != 1) {
    return CouldNot("derive");
  }
  secret.resize(size);
  return secret;
}

}  // namespace lockstep::agent
