#include "agent/grpc/credentials.h"

#include <filesystem>
#include <functional>
#include <system_error>
#include <vector>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "agent/net/network.h"
#include "agent/net/rules.h"
#include "common/base/openssl_free.h"
#include "common/base/openssl_text.h"
#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/base/subject_names.h"
#include "common/trust/client_certificate.h"

namespace lockstep::agent {
namespace {

// The authorities that the environment names, in PEM; "" for the system's, which gRPC reads once for all channels.
// What cannot be read has been reported when the network was made.
std::string AuthoritiesOf(const TrustSettings& trust) {
  std::string pem;
  const auto append = [&](const std::string& path) {
    if (const absl::StatusOr<std::string> text = ReadFile(path); text.ok()) {
      absl::StrAppend(&pem, *text, "\n");
    }
  };
  if (!trust.file.empty()) {
    append(trust.file);
  }
  for (const absl::string_view folder : absl::StrSplit(trust.folders, ':', absl::SkipEmpty())) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(folder), error)) {
      if (entry.is_regular_file(error)) {
        append(entry.path().string());
      }
    }
  }
  return pem;
}

namespace tls = grpc::experimental;

// Compares the host with the names of a certificate whose chain is good. Takes the place of the library's
// own check, which makes do with a common name.
class NamesVerifier final : public tls::ExternalCertificateVerifier {
 public:
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    const grpc::string_ref host = request->target_name();
    const openssl::Bio reader = openssl::Reader(absl::string_view(pem.data(), pem.size()));
    const std::unique_ptr<X509, openssl::Free<&X509_free>> certificate(
        PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    *sync_status =
        certificate != nullptr &&
                IsCertificateFor(certificate.get(), absl::string_view(host.data(), host.size()))
            ? grpc::Status::OK
            : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                           absl::StrCat("x509: certificate is not valid for ",
                                        absl::string_view(host.data(), host.size())));
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}
};

// `identity`: what the client shows; null: nothing. `authorities`: PEM; "": the system's. Without `verify`, any
// certificate will do: the option insecureSkipTLSVerify.
std::shared_ptr<grpc::ChannelCredentials> Tls(const TlsAuth* identity,
                                              const std::string& authorities, bool verify) {
  tls::TlsChannelCredentialsOptions options;
  std::vector<tls::IdentityKeyCertPair> shown;
  if (identity != nullptr) {
    shown.push_back({.private_key = identity->key, .certificate_chain = identity->cert});
  }
  if (!shown.empty() || !authorities.empty()) {
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(authorities, shown));
  }
  if (!shown.empty()) {
    options.watch_identity_key_cert_pairs();
  }
  if (!authorities.empty()) {
    options.watch_root_certs();
  }
  options.set_verify_server_certs(verify);
  options.set_check_call_host(verify);
  if (verify) {
    options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<NamesVerifier>());
  } else {
    options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
  }
  return tls::TlsCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const Network& network, const GrpcConnectSpec& spec, const std::string& host) {
  if (spec.plaintext) {
    return grpc::InsecureChannelCredentials();
  }
  TlsAuth own;
  const TlsAuth* identity = ClientCertificateFor(network.options().tls_auth, host);
  if (!spec.cert.empty() || !spec.key.empty()) {
    own = TlsAuth{.cert = spec.cert, .key = spec.key, .password = spec.password, .domains = {}};
    if (const absl::Status good = CheckClientCertificate({own.cert, own.key, own.password});
        !good.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("tls.", good.message()));
    }
    identity = &own;
  }
  TlsAuth bare;
  if (identity != nullptr) {
    bare = *identity;
    LOCKSTEP_ASSIGN_OR_RETURN(
        bare.key, KeyWithoutPassword({identity->cert, identity->key, identity->password}));
    identity = &bare;
  }
  for (size_t i = 0; i < spec.cacerts.size(); ++i) {
    if (!absl::StrContains(spec.cacerts[i], "-----BEGIN CERTIFICATE-----")) {
      return absl::InvalidArgumentError(
          absl::StrCat("tls.cacerts: there is no PEM certificate in ",
                       spec.cacerts.size() == 1 ? "it" : absl::StrCat("number ", i + 1)));
    }
  }
  if (network.options().insecure) {
    return Tls(identity, "", /*verify=*/false);
  }
  return Tls(identity,
             spec.cacerts.empty() ? AuthoritiesOf(network.options().trust)
                                  : absl::StrJoin(spec.cacerts, "\n"),
             /*verify=*/true);
}

}  // namespace lockstep::agent
