#include "common/base/subject_names.h"

#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "common/base/openssl_free.h"

namespace lockstep {
namespace {

using Names = std::unique_ptr<GENERAL_NAMES, openssl::Free<&GENERAL_NAMES_free>>;
using Address = std::unique_ptr<ASN1_OCTET_STRING, openssl::Free<&ASN1_OCTET_STRING_free>>;

bool HasNames(X509* certificate) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const int type = sk_GENERAL_NAME_value(names.get(), i)->type;
    if (type == GEN_DNS || type == GEN_IPADD) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsCertificateFor(X509* certificate, absl::string_view host) {
  const std::string text(host);
  const bool fits = Address(a2i_IPADDRESS(text.c_str())) != nullptr
                        ? X509_check_ip_asc(certificate, text.c_str(), 0) == 1
                        : X509_check_host(certificate, text.data(), text.size(),
                                          X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
  ERR_clear_error();
  return fits;
}

int RefuseNameless(int ok, X509_STORE_CTX* context) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(context);
  if (ok == 1 && X509_STORE_CTX_get_error_depth(context) == 0 && certificate != nullptr &&
      !HasNames(certificate)) {
    X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
  }
  return ok;
}

}  // namespace lockstep
