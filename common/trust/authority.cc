#include "common/trust/authority.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/trust/openssl_types.h"

namespace lockstep {
namespace {

using openssl::Bio;
using openssl::Certificate;
using openssl::Crl;
using openssl::Key;
using Extension = std::unique_ptr<X509_EXTENSION, openssl::Free<&X509_EXTENSION_free>>;
using Revoked = std::unique_ptr<X509_REVOKED, openssl::Free<&X509_REVOKED_free>>;
using RevocationTime = std::unique_ptr<ASN1_TIME, openssl::Free<&ASN1_TIME_free>>;
using Serial = std::unique_ptr<BIGNUM, openssl::Free<&BN_free>>;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kClockSkew = absl::Minutes(5);  // machines' clocks differ a little

absl::Status CryptoError(absl::string_view what) {
  char text[256] = "unknown";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return absl::InternalError(absl::StrCat(what, ": ", text));
}

bool IsPlain(absl::string_view text, size_t most, absl::string_view others) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || others.find(c) != others.npos;
  });
}

bool IsAddress(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

std::vector<std::string> Wrong(absl::string_view name, absl::Duration lifetime) {
  std::vector<std::string> wrong;
  if (!IsPlain(name, 64, ".-_")) {
    wrong.push_back(absl::StrCat("name: invalid value '", name,
                                 "': expected 1 to 64 letters, digits, '.', '-' or '_'"));
  }
  if (lifetime < kDay || lifetime > kMostCertificateDays * kDay) {
    wrong.push_back(absl::StrCat("lifetime: invalid value ", absl::FormatDuration(lifetime),
                                 ": expected 1 to ", kMostCertificateDays, " days"));
  }
  return wrong;
}

absl::Status Validate(const CertificateRequest& request) {
  std::vector<std::string> wrong = Wrong(request.name, request.lifetime);
  for (const std::string& host : request.hosts) {
    // What is neither could carry further fields into the list of alternative names.
    if (!IsAddress(host) && !IsPlain(host, 253, ".-")) {
      wrong.push_back(
          absl::StrCat("host: invalid value '", host, "': expected a DNS name or an IP address"));
    }
  }
  if (request.role == Role::kCoordinator && request.hosts.empty()) {
    wrong.push_back("host: missing: agents check the name or address that they connect to");
  }
  return wrong.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(wrong, "\n"));
}

absl::Status AddExtension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return CryptoError(absl::StrCat("cannot set ", OBJ_nid2sn(id), " to ", value));
  }
  return absl::OkStatus();
}

void AddName(X509_NAME* subject, const char* field, absl::string_view value) {
  X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(value.data()),
                             static_cast<int>(value.size()), -1, 0);
}

// A certificate of version 3 with a random serial number, all but its issuer and extensions.
absl::StatusOr<Certificate> Begin(EVP_PKEY* key, absl::string_view name, absl::string_view unit,
                                  absl::Time from, absl::Time until) {
  Certificate certificate(X509_new());
  const Serial serial(BN_new());
  if (certificate == nullptr || serial == nullptr ||
      BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
      X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(until)) == nullptr) {
    return CryptoError("cannot make a certificate");
  }
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  AddName(subject, "O", "Lockstep");
  AddName(subject, "OU", unit);
  AddName(subject, "CN", name);
  return certificate;
}

absl::StatusOr<Credential> Sign(X509* certificate, EVP_PKEY* key, EVP_PKEY* issuer_key) {
  const Bio text(BIO_new(BIO_s_mem()));
  const Bio secret(BIO_new(BIO_s_secmem()));
  if (text == nullptr || secret == nullptr ||
      X509_sign(certificate, issuer_key, EVP_sha256()) == 0 ||
      PEM_write_bio_X509(text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return CryptoError("cannot sign a certificate");
  }
  return Credential{openssl::Written(text.get()), openssl::Written(secret.get())};
}

struct Authority {
  Certificate certificate;
  Key key;
};

absl::StatusOr<Authority> Read(const Credential& credential, absl::Time now) {
  const Bio text = openssl::Reader(credential.certificate);
  const Bio secret = openssl::Reader(credential.key);
  Authority authority{Certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)),
                      Key(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr))};
  ERR_clear_error();
  if (authority.certificate == nullptr) {
    return absl::FailedPreconditionError("the authority's certificate is not a PEM certificate");
  }
  if (authority.key == nullptr) {
    return absl::FailedPreconditionError("the authority's key is not a PEM private key");
  }
  if (X509_check_ca(authority.certificate.get()) != 1) {
    return absl::FailedPreconditionError("the authority's certificate may not sign others");
  }
  if (X509_check_private_key(authority.certificate.get(), authority.key.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError("the authority's key is not its certificate's");
  }
  time_t time = absl::ToTimeT(now);
  if (X509_cmp_time(X509_get0_notAfter(authority.certificate.get()), &time) <= 0) {
    return absl::FailedPreconditionError("the authority's certificate has expired");
  }
  return authority;
}

// The revocation list in `pem`, or an empty one that holds as long as the authority does.
absl::StatusOr<Crl> Reopen(const Authority& issuer, absl::string_view pem) {
  if (!pem.empty()) {
    const Bio text = openssl::Reader(pem);
    Crl list(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (list == nullptr) {
      return absl::FailedPreconditionError("the revocation list is not a PEM revocation list");
    }
    return list;
  }
  Crl list(X509_CRL_new());
  if (list == nullptr || X509_CRL_set_version(list.get(), 1) != 1 ||  // 1 stands for version 2
      X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get())) != 1 ||
      X509_CRL_set1_nextUpdate(list.get(), X509_get0_notAfter(issuer.certificate.get())) != 1) {
    return CryptoError("cannot make a revocation list");
  }
  return list;
}

absl::StatusOr<std::string> SignList(X509_CRL* list, EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (X509_CRL_sort(list) != 1 || X509_CRL_sign(list, key, EVP_sha256()) == 0 ||
      PEM_write_bio_X509_CRL(out.get(), list) != 1) {
    return CryptoError("cannot sign a revocation list");
  }
  return openssl::Written(out.get());
}

absl::StatusOr<Certificate> SignedBy(const Authority& issuer, absl::string_view certificate) {
  const Bio text = openssl::Reader(certificate);
  Certificate issued(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (issued == nullptr || X509_check_issued(issuer.certificate.get(), issued.get()) != X509_V_OK ||
      X509_verify(issued.get(), issuer.key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("no certificate that this authority has signed");
  }
  return issued;
}

bool IsOn(X509_CRL* list, X509* certificate) {
  X509_REVOKED* found = nullptr;
  return X509_CRL_get0_by_cert(list, &found, certificate) == 1;
}

absl::Status Add(X509_CRL* list, X509* condemned, absl::Time now) {
  const RevocationTime when(ASN1_TIME_set(nullptr, absl::ToTimeT(now)));
  Revoked entry(X509_REVOKED_new());
  if (when == nullptr || entry == nullptr ||
      X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(condemned)) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), when.get()) != 1 ||
      X509_CRL_set1_lastUpdate(list, when.get()) != 1 ||
      X509_CRL_add0_revoked(list, entry.get()) != 1) {
    return CryptoError("cannot revoke a certificate");
  }
  static_cast<void>(entry.release());  // the list's now
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credential> MakeAuthority(absl::string_view name, absl::Duration lifetime,
                                         absl::Time now) {
  if (std::vector<std::string> wrong = Wrong(name, lifetime); !wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(wrong, "\n"));
  }
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return CryptoError("cannot make a key");
  }
  absl::StatusOr<Certificate> made =
      Begin(key.get(), name, "authority", now - kClockSkew, now + lifetime);
  if (!made.ok()) {
    return made.status();
  }
  X509* certificate = made->get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  const std::pair<int, const char*> extensions[] = {
      {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
      {NID_key_usage, "critical,keyCertSign,cRLSign"},
      {NID_subject_key_identifier, "hash"}};
  for (const auto& [id, value] : extensions) {
    if (absl::Status added = AddExtension(certificate, certificate, id, value); !added.ok()) {
      return added;
    }
  }
  return Sign(certificate, key.get(), key.get());
}

absl::StatusOr<Credential> Issue(const Credential& authority, const CertificateRequest& request,
                                 absl::Time now) {
  if (absl::Status valid = Validate(request); !valid.ok()) {
    return valid;
  }
  absl::StatusOr<Authority> issuer = Read(authority, now);
  if (!issuer.ok()) {
    return issuer.status();
  }
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return CryptoError("cannot make a key");
  }
  absl::StatusOr<Certificate> made = Begin(key.get(), request.name, RoleName(request.role),
                                           now - kClockSkew, now + request.lifetime);
  if (!made.ok()) {
    return made.status();
  }
  X509* certificate = made->get();
  X509* parent = issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(parent));
  const ASN1_TIME* end = X509_get0_notAfter(parent);
  if (ASN1_TIME_compare(X509_get0_notAfter(certificate), end) > 0) {
    X509_set1_notAfter(certificate, end);
  }
  std::vector<std::pair<int, std::string>> extensions = {
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, request.role == Role::kCoordinator ? "serverAuth" : "clientAuth"},
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"}};
  std::vector<std::string> names;  // each once, in their order
  for (const std::string& host : request.hosts) {
    std::string name = absl::StrCat(IsAddress(host) ? "IP:" : "DNS:", host);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  if (!names.empty()) {
    extensions.emplace_back(NID_subject_alt_name, absl::StrJoin(names, ","));
  }
  for (const auto& [id, value] : extensions) {
    if (absl::Status added = AddExtension(certificate, parent, id, value); !added.ok()) {
      return added;
    }
  }
  return Sign(certificate, key.get(), issuer->key.get());
}

absl::StatusOr<CertificateRequest> RequestOf(absl::string_view certificate) {
  const Bio text = openssl::Reader(certificate);
  const Certificate read(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (read == nullptr) {
    return absl::InvalidArgumentError("no PEM certificate");
  }
  const auto field = [&](int id) {
    char value[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(read.get()), id, value, sizeof value);
    return std::string(value);
  };
  CertificateRequest request{.name = field(NID_commonName)};
  const std::string unit = field(NID_organizationalUnitName);
  bool known = false;
  for (const Role role : {Role::kCoordinator, Role::kAgent, Role::kOperator}) {
    if (unit == RoleName(role)) {
      request.role = role;
      known = true;
    }
  }
  if (!known) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate of '", request.name,
                                                   "' has no role in a fleet: '", unit, "'"));
  }
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(read.get()),
                     X509_get0_notAfter(read.get())) == 1) {
    request.lifetime = kDay * days + absl::Seconds(seconds) - kClockSkew;
  }
  using Names = std::unique_ptr<GENERAL_NAMES, openssl::Free<&GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(read.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const auto* bytes = ASN1_STRING_get0_data(value);
    const auto size = static_cast<size_t>(ASN1_STRING_length(value));
    char address[INET6_ADDRSTRLEN] = "";
    if (name->type == GEN_DNS) {
      request.hosts.emplace_back(reinterpret_cast<const char*>(bytes), size);
    } else if (name->type == GEN_IPADD && inet_ntop(size == sizeof(in_addr) ? AF_INET : AF_INET6,
                                                    bytes, address, sizeof address) != nullptr) {
      request.hosts.emplace_back(address);
    }
  }
  return request;
}

absl::StatusOr<std::string> EmptyRevocationList(const Credential& authority, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Authority issuer, Read(authority, now));
  LOCKSTEP_ASSIGN_OR_RETURN(const Crl list, Reopen(issuer, ""));
  const RevocationTime when(ASN1_TIME_set(nullptr, absl::ToTimeT(now - kClockSkew)));
  if (when == nullptr || X509_CRL_set1_lastUpdate(list.get(), when.get()) != 1) {
    return CryptoError("cannot make a revocation list");
  }
  return SignList(list.get(), issuer.key.get());
}

absl::StatusOr<std::string> Revoke(const Credential& authority, absl::string_view revoked,
                                   absl::string_view certificate, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Authority issuer, Read(authority, now));
  LOCKSTEP_ASSIGN_OR_RETURN(const Certificate condemned, SignedBy(issuer, certificate));
  LOCKSTEP_ASSIGN_OR_RETURN(const Crl list, Reopen(issuer, revoked));
  if (IsOn(list.get(), condemned.get())) {
    return absl::InvalidArgumentError("the certificate is revoked already");
  }
  if (absl::Status added = Add(list.get(), condemned.get(), now); !added.ok()) {
    return added;
  }
  return SignList(list.get(), issuer.key.get());
}

absl::StatusOr<bool> IsRevoked(const Credential& authority, absl::string_view revoked,
                               absl::string_view certificate, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Authority issuer, Read(authority, now));
  LOCKSTEP_ASSIGN_OR_RETURN(const Certificate issued, SignedBy(issuer, certificate));
  LOCKSTEP_ASSIGN_OR_RETURN(const Crl list, Reopen(issuer, revoked));
  return IsOn(list.get(), issued.get());
}

}  // namespace lockstep
