#include "agent/data/crypto/certificate.h"

#include <ctime>
#include <memory>

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/data/crypto/digest.h"
#include "agent/data/crypto/openssl_handles.h"
#include "common/base/openssl_text.h"

namespace lockstep::agent {
namespace {

void FreeBytes(void* bytes) {
  OPENSSL_free(bytes);
}
using Bytes = std::unique_ptr<unsigned char, openssl::Free<&FreeBytes>>;
using X509Handle = std::unique_ptr<X509, openssl::Free<&X509_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, openssl::Free<&GENERAL_NAMES_free>>;
using PssParameters = std::unique_ptr<RSA_PSS_PARAMS, openssl::Free<&RSA_PSS_PARAMS_free>>;

// What kind of block it is, and its DER.
struct Block {
  std::string kind, der;
};

// The first block of `pem`, empty if there is none.
Block FirstBlock(absl::string_view pem) {
  const openssl::Bio bio = openssl::Reader(pem);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
    ERR_clear_error();
    return {};
  }
  const Bytes owned[] = {Bytes(reinterpret_cast<unsigned char*>(name)),
                         Bytes(reinterpret_cast<unsigned char*>(header)), Bytes(data)};
  return {name, std::string(reinterpret_cast<char*>(data), static_cast<size_t>(size))};
}

std::string TextOf(const ASN1_STRING* text) {
  unsigned char* data = nullptr;
  const int size = ASN1_STRING_to_UTF8(&data, text);
  if (size < 0) {
    ERR_clear_error();
    return "";
  }
  const Bytes owned(data);
  return std::string(reinterpret_cast<char*>(data), static_cast<size_t>(size));
}

std::string RawOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

DistinguishedName NameOf(const X509_NAME* name) {
  DistinguishedName result;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    char oid[128];
    OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1);
    result.parts.emplace_back(oid, TextOf(X509_NAME_ENTRY_get_data(entry)));
  }
  return result;
}

std::string TimeOf(const ASN1_TIME* time) {
  std::tm at{};
  if (ASN1_TIME_to_tm(time, &at) != 1) {
    ERR_clear_error();
    return "";
  }
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900, at.tm_mon + 1,
                         at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
}

// "" for what is not an address.
std::string AddressOf(absl::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() == 4 || bytes.size() == 16) {
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text));
  }
  return text;
}

std::vector<std::string> AltNamesOf(const X509* certificate) {
  std::vector<std::string> names;
  const GeneralNames all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (const int kind : {GEN_DNS, GEN_EMAIL, GEN_IPADD, GEN_URI}) {
    for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
      if (name->type != kind) {
        continue;
      }
      std::string text =
          kind == GEN_IPADD ? AddressOf(RawOf(name->d.iPAddress)) : RawOf(name->d.ia5);
      if (!text.empty()) {
        names.push_back(std::move(text));
      }
    }
  }
  ERR_clear_error();
  return names;
}

// Of RSASSA-PSS, whose parameters have the hash.
const char* PssName(const X509_ALGOR* algorithm) {
  const void* parameters = nullptr;
  int kind = 0;
  X509_ALGOR_get0(nullptr, &kind, &parameters, algorithm);
  if (kind != V_ASN1_SEQUENCE) {
    return nullptr;
  }
  const auto* sequence = static_cast<const ASN1_STRING*>(parameters);
  const unsigned char* data = ASN1_STRING_get0_data(sequence);
  const PssParameters pss(d2i_RSA_PSS_PARAMS(nullptr, &data, ASN1_STRING_length(sequence)));
  if (pss == nullptr || pss->hashAlgorithm == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  const ASN1_OBJECT* hash = nullptr;
  X509_ALGOR_get0(&hash, nullptr, nullptr, pss->hashAlgorithm);
  switch (OBJ_obj2nid(hash)) {
    case NID_sha256:
      return "SHA256-RSAPSS";
    case NID_sha384:
      return "SHA384-RSAPSS";
    case NID_sha512:
      return "SHA512-RSAPSS";
    default:
      return nullptr;
  }
}

const char* SignatureAlgorithmOf(const X509* certificate) {
  constexpr std::pair<int, const char*> kNames[] = {
      {NID_md2WithRSAEncryption, "MD2-RSA"},
      {NID_md5WithRSAEncryption, "MD5-RSA"},
      {NID_sha1WithRSAEncryption, "SHA1-RSA"},
      {NID_sha256WithRSAEncryption, "SHA256-RSA"},
      {NID_sha384WithRSAEncryption, "SHA384-RSA"},
      {NID_sha512WithRSAEncryption, "SHA512-RSA"},
      {NID_dsaWithSHA1, "DSA-SHA1"},
      {NID_dsa_with_SHA256, "DSA-SHA256"},
      {NID_ecdsa_with_SHA1, "ECDSA-SHA1"},
      {NID_ecdsa_with_SHA256, "ECDSA-SHA256"},
      {NID_ecdsa_with_SHA384, "ECDSA-SHA384"},
      {NID_ecdsa_with_SHA512, "ECDSA-SHA512"},
      {NID_ED25519, "Ed25519"},
  };
  const char* found = nullptr;
  const int algorithm = X509_get_signature_nid(certificate);
  for (const auto& [id, name] : kNames) {
    found = id == algorithm ? name : found;
  }
  if (algorithm == NID_rsassaPss) {
    found = PssName(X509_get0_tbs_sigalg(certificate));
  }
  return found == nullptr ? "UnknownSignatureAlgorithm" : found;
}

std::string CurveOf(const EVP_PKEY* key) {
  char name[64] = "";
  EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), nullptr);
  const char* nist = EC_curve_nid2nist(OBJ_txt2nid(name));
  return nist == nullptr ? name : nist;
}

void AddNumber(const EVP_PKEY* key, const char* parameter, const char* name, CertificateKey* to) {
  BIGNUM* made = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &made) != 1) {
    return;
  }
  const BigNumber number(made);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), MutableBytes(bytes));
  to->numbers.emplace_back(name, std::move(bytes));
}

CertificateKey KeyOf(const EVP_PKEY* key) {
  CertificateKey result;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      result.algorithm = "RSA";
      AddNumber(key, OSSL_PKEY_PARAM_RSA_N, "n", &result);
      AddNumber(key, OSSL_PKEY_PARAM_RSA_E, "e", &result);
      break;
    case EVP_PKEY_DSA:
      result.algorithm = "DSA";
      AddNumber(key, OSSL_PKEY_PARAM_FFC_P, "p", &result);
      AddNumber(key, OSSL_PKEY_PARAM_FFC_Q, "q", &result);
      AddNumber(key, OSSL_PKEY_PARAM_FFC_G, "g", &result);
      AddNumber(key, OSSL_PKEY_PARAM_PUB_KEY, "y", &result);
      break;
    case EVP_PKEY_EC:
      result.algorithm = "ECDSA";
      result.curve = CurveOf(key);
      AddNumber(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", &result);
      AddNumber(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", &result);
      break;
    default: {
      const int id = EVP_PKEY_get_base_id(key);
      result.algorithm = id == EVP_PKEY_ED25519 ? "Ed25519" : OBJ_nid2sn(id);
      size_t size = 0;
      if (EVP_PKEY_get_raw_public_key(key, nullptr, &size) == 1) {
        result.raw.resize(size);
        EVP_PKEY_get_raw_public_key(key, MutableBytes(result.raw), &size);
      }
    }
  }
  ERR_clear_error();
  return result;
}

}  // namespace

std::vector<std::string> DistinguishedName::All(absl::string_view oid) const {
  std::vector<std::string> values;
  for (const auto& [kind, value] : parts) {
    if (kind == oid) {
      values.push_back(value);
    }
  }
  return values;
}

std::string DistinguishedName::First(absl::string_view oid) const {
  const std::vector<std::string> values = All(oid);
  return values.empty() ? "" : values.front();
}

std::string DistinguishedName::Last(absl::string_view oid) const {
  const std::vector<std::string> values = All(oid);
  return values.empty() ? "" : values.back();
}

absl::StatusOr<Certificate> ReadCertificate(absl::string_view pem) {
  const Block block = FirstBlock(pem);
  if (block.der.empty()) {
    return absl::InvalidArgumentError(
        "failed to decode certificate PEM file: there is no \"-----BEGIN CERTIFICATE-----\" with "
        "base64 and an end");
  }
  absl::StatusOr<Certificate> certificate = ReadCertificateDer(block.der);
  if (!certificate.ok() && block.kind != "CERTIFICATE") {
    return absl::InvalidArgumentError(absl::StrCat(
        "failed to parse certificate: the first block of the PEM file is a \"", block.kind, "\""));
  }
  return certificate;
}

absl::StatusOr<Certificate> ReadCertificateDer(absl::string_view der) {
  const unsigned char* data = ConstBytes(der);
  const unsigned char* const end = data + der.size();
  const X509Handle handle(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  const EVP_PKEY* key = handle == nullptr ? nullptr : X509_get0_pubkey(handle.get());
  if (key == nullptr || data != end) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    const std::string why = data != end && handle != nullptr ? "trailing data"
                            : reason == nullptr              ? "it is not a certificate"
                                                             : reason;
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat("failed to parse certificate: ", why));
  }
  Certificate certificate;
  certificate.subject = NameOf(X509_get_subject_name(handle.get()));
  certificate.issuer = NameOf(X509_get_issuer_name(handle.get()));
  certificate.not_before = TimeOf(X509_get0_notBefore(handle.get()));
  certificate.not_after = TimeOf(X509_get0_notAfter(handle.get()));
  certificate.alt_names = AltNamesOf(handle.get());
  certificate.signature_algorithm = SignatureAlgorithmOf(handle.get());
  certificate.sha1 = Hash(HashAlgorithm::kSha1, der);
  certificate.key = KeyOf(key);
  return certificate;
}

}  // namespace lockstep::agent
