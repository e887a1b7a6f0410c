#include "common/trust/cipher_suites.h"

#include <algorithm>

#include <openssl/ssl.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace lockstep {
namespace {

// What k6's documents name and OpenSSL has; others that OpenSSL knows by their IANA names are
// taken, too.
constexpr absl::string_view kUsualCiphers =
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305, "
    "TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_256_GCM_SHA384, "
    "TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA";

// Suites that k6 takes and that OpenSSL has no more, or not as it is usually built.
constexpr absl::string_view kFormerCiphers[] = {
    "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"};

}  // namespace

CipherSuites ReadCipherSuites(const std::vector<std::string>& names, absl::string_view option) {
  CipherSuites suites;
  std::vector<std::string> unknown, former;
  for (const std::string& name : names) {
    const bool chacha =
        absl::EndsWith(name, "CHACHA20_POLY1305") && !absl::StartsWith(name, "TLS_CHACHA20");
    const char* openssl = OPENSSL_cipher_name(absl::StrCat(name, chacha ? "_SHA256" : "").c_str());
    if (openssl == nullptr || absl::string_view(openssl) == "(NONE)") {
      const bool was = std::find(std::begin(kFormerCiphers), std::end(kFormerCiphers), name) !=
                       std::end(kFormerCiphers);
      (was ? former : unknown).push_back(absl::StrCat("'", name, "'"));
    } else if (!absl::StartsWith(openssl, "TLS_")) {  // those of TLS 1.3 are always on, as in Go
      suites.openssl.emplace_back(openssl);
    }
  }
  if (!unknown.empty()) {
    suites.errors.push_back(absl::StrCat(option, ": unknown cipher suite ",
                                         absl::StrJoin(unknown, ", "), ", want ", kUsualCiphers));
  }
  if (!former.empty() && former.size() == names.size()) {
    suites.errors.push_back(absl::StrCat(option, ": no connection can have ",
                                         absl::StrJoin(former, ", "), " any more, want ",
                                         kUsualCiphers));
  } else if (!former.empty()) {
    suites.warnings.push_back(absl::StrCat(option, ": no connection can have ",
                                           absl::StrJoin(former, ", "),
                                           " any more; the others are offered"));
  }
  return suites;
}

}  // namespace lockstep
