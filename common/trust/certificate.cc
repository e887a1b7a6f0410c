#include "common/trust/certificate.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/base/subject_names.h"
#include "common/trust/openssl_types.h"

namespace lockstep {
namespace {

using openssl::Certificate;

constexpr size_t kMostCertificates = 16;  // of a chain

using Store = std::unique_ptr<X509_STORE, openssl::Free<&X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, openssl::Free<&X509_STORE_CTX_free>>;
using Stack = std::unique_ptr<STACK_OF(X509),
                              openssl::Free<[](STACK_OF(X509) * stack) { sk_X509_free(stack); }>>;

// All certificates in `pem`, in order; none if there are too many.
std::vector<Certificate> ReadAll(absl::string_view pem) {
  std::vector<Certificate> all;
  const openssl::Bio reader = openssl::Reader(pem);
  while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(next);
    if (all.size() > kMostCertificates) {
      all.clear();
      break;
    }
  }
  ERR_clear_error();  // the end of the text is one
  return all;
}

std::string NameOf(X509* certificate, int field) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), field, text, sizeof text);
  return text;
}

std::optional<Role> RoleOf(X509* certificate) {
  const std::string unit = NameOf(certificate, NID_organizationalUnitName);
  for (const Role role : {Role::kCoordinator, Role::kAgent, Role::kOperator}) {
    if (unit == RoleName(role)) {
      return role;
    }
  }
  return std::nullopt;
}

std::string TimeText(const ASN1_TIME* time) {
  const openssl::Bio text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print_ex(text.get(), time, ASN1_DTFLGS_ISO8601);
  return openssl::Written(text.get());
}

// Why OpenSSL does not believe `certificate`, in words for people.
std::string Reason(int error, X509* certificate) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrCat("expired on ", TimeText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrCat("not valid before ", TimeText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_CERT_REVOKED:
      return "revoked";
    case X509_V_ERR_INVALID_PURPOSE:
      return "made for another purpose (its extended key usage)";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "not signed by this fleet's authority";
    default:
      return X509_verify_cert_error_string(error);
  }
}

absl::StatusOr<Store> MakeStore(const TrustAnchors& anchors) {
  Store store(X509_STORE_new());
  const std::vector<Certificate> authority = ReadAll(anchors.authority);
  if (store == nullptr || authority.empty()) {
    return absl::UnauthenticatedError("the authority's certificate is not a PEM certificate");
  }
  for (const Certificate& certificate : authority) {
    X509_STORE_add_cert(store.get(), certificate.get());
  }
  if (anchors.revoked.empty()) {
    return store;
  }
  const openssl::Bio reader = openssl::Reader(anchors.revoked);
  const openssl::Crl revoked(PEM_read_bio_X509_CRL(reader.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (revoked == nullptr || X509_STORE_add_crl(store.get(), revoked.get()) != 1) {
    return absl::UnauthenticatedError("the revocation list is not a PEM revocation list");
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
  return store;
}

absl::Status Verify(const std::vector<Certificate>& chain, Role role, X509_STORE* store,
                    absl::Time now) {
  const Stack others(sk_X509_new_null());
  const StoreContext context(X509_STORE_CTX_new());
  if (others == nullptr || context == nullptr ||
      X509_STORE_CTX_init(context.get(), store, chain[0].get(), others.get()) != 1) {
    return absl::InternalError("no memory to check a certificate");
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    sk_X509_push(others.get(), chain[i].get());
  }
  X509_STORE_CTX_set_purpose(context.get(), role == Role::kCoordinator ? X509_PURPOSE_SSL_SERVER
                                                                       : X509_PURPOSE_SSL_CLIENT);
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(now));
  if (X509_verify_cert(context.get()) == 1) {
    return absl::OkStatus();
  }
  const int error = X509_STORE_CTX_get_error(context.get());
  X509* culprit = X509_STORE_CTX_get_current_cert(context.get());
  ERR_clear_error();
  return absl::UnauthenticatedError(Reason(error, culprit == nullptr ? chain[0].get() : culprit));
}

std::string Fingerprint(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) {
    return "";
  }
  return std::string(reinterpret_cast<const char*>(digest), size);
}

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kCoordinator:
      return "coordinator";
    case Role::kAgent:
      return "agent";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

absl::StatusOr<PeerIdentity> CheckCertificate(absl::string_view chain_pem,
                                              const TrustAnchors& anchors,
                                              std::initializer_list<Role> roles, absl::Time now) {
  const std::vector<Certificate> chain = ReadAll(chain_pem);
  if (chain.empty()) {
    return absl::UnauthenticatedError("no certificate");
  }
  X509* leaf = chain[0].get();
  PeerIdentity identity{.name = NameOf(leaf, NID_commonName), .fingerprint = Fingerprint(leaf)};
  const auto with_name = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("the certificate of '", identity.name,
                                                    "': ", status.message()));
  };
  LOCKSTEP_ASSIGN_OR_RETURN(const Store store, MakeStore(anchors));
  const std::optional<Role> role = RoleOf(leaf);
  if (absl::Status valid = Verify(chain, role.value_or(Role::kAgent), store.get(), now);
      !valid.ok()) {
    return with_name(valid);
  }
  if (!role.has_value() || std::find(roles.begin(), roles.end(), *role) == roles.end()) {
    return with_name(absl::PermissionDeniedError(
        absl::StrCat("its organisational unit (OU) is '", NameOf(leaf, NID_organizationalUnitName),
                     "': expected ", absl::StrJoin(roles, " or ", [](std::string* out, Role r) {
                       absl::StrAppend(out, RoleName(r));
                     }))));
  }
  identity.role = *role;
  return identity;
}

absl::Status CheckAnchors(const TrustAnchors& anchors) {
  return MakeStore(anchors).status();
}

absl::Status CheckHost(absl::string_view pem, const std::string& host) {
  const std::vector<Certificate> chain = ReadAll(pem);
  if (chain.empty()) {
    return absl::UnauthenticatedError("no certificate");
  }
  return IsCertificateFor(chain[0].get(), host)
             ? absl::OkStatus()
             : absl::UnauthenticatedError(absl::StrCat("the certificate of '",
                                                       NameOf(chain[0].get(), NID_commonName),
                                                       "': not made for host ", host));
}

absl::Status CheckKey(absl::string_view pem, absl::string_view key_pem) {
  const std::vector<Certificate> chain = ReadAll(pem);
  if (chain.empty()) {
    return absl::InvalidArgumentError("no PEM certificate");
  }
  const openssl::Bio reader = openssl::Reader(key_pem);
  const openssl::Key key(PEM_read_bio_PrivateKey(
      reader.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  const bool fits = key != nullptr && X509_check_private_key(chain[0].get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError("no PEM private key without a passphrase");
  }
  return fits ? absl::OkStatus() : absl::InvalidArgumentError("the key of another certificate");
}

}  // namespace lockstep
