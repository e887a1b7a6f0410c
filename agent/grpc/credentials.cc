#include "agent/grpc/credentials.h"

#include <functional>
#include <utility>
#include <vector>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/str_cat.h"

#include "agent/grpc/engine.h"
#include "agent/net/network.h"
#include "agent/net/rules.h"
#include "agent/net/tls_context.h"
#include "common/base/status_macros.h"
#include "common/trust/client_certificate.h"

namespace lockstep::agent {
namespace {

namespace tls = grpc::experimental;

// Judges a server's certificate once a handshake is complete, before anything is said, on a thread
// of gRPC's. Takes the place of the library's own check, which reads the system's authorities for
// each connection, and makes do with a common name.
class ServerVerifier final : public tls::ExternalCertificateVerifier {
 public:
  // Without a store of its own, the run's authorities count.
  ServerVerifier(std::shared_ptr<const TrustedRoots> roots, std::shared_ptr<X509_STORE> own)
      : roots_(std::move(roots)), own_(std::move(own)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const grpc::string_ref full = request->peer_cert_full_chain();
    const grpc::string_ref leaf = request->peer_cert();
    const grpc::string_ref& chain = full.empty() ? leaf : full;
    const grpc::string_ref host = request->target_name();
    absl::Status status = own_ == nullptr ? roots_->status() : absl::OkStatus();
    if (status.ok()) {
      status = JudgeServer(own_ == nullptr ? roots_->store() : own_.get(),
                           absl::string_view(chain.data(), chain.size()),
                           absl::string_view(host.data(), host.size()));
    }
    *sync_status = status.ok() ? grpc::Status::OK
                               : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                              std::string(status.message()));
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::shared_ptr<const TrustedRoots> roots_;
  const std::shared_ptr<X509_STORE> own_;
};

// `identity`: what the client shows; null: nothing.
std::shared_ptr<grpc::ChannelCredentials> Tls(const TlsAuth* identity,
                                              std::shared_ptr<tls::CertificateVerifier> verifier,
                                              bool check_host) {
  tls::TlsChannelCredentialsOptions options;
  if (identity != nullptr) {
    const std::vector<tls::IdentityKeyCertPair> shown = {
        {.private_key = identity->key, .certificate_chain = identity->cert}};
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>("", shown));
    options.watch_identity_key_cert_pairs();
  }
  options.set_verify_server_certs(false);  // the verifier does that
  options.set_check_call_host(check_host);
  options.set_certificate_verifier(std::move(verifier));
  return tls::TlsCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    GrpcEngine& engine, const GrpcConnectSpec& spec, const std::string& host) {
  if (spec.plaintext) {
    return grpc::InsecureChannelCredentials();
  }
  const Network& network = engine.network();
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
  std::shared_ptr<X509_STORE> own_authorities;
  if (!spec.cacerts.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(own_authorities, engine.authorities().Of(spec.cacerts));
  }
  if (network.options().insecure) {
    return Tls(identity, std::make_shared<tls::NoOpCertificateVerifier>(), /*check_host=*/false);
  }
  if (own_authorities == nullptr) {
    network.trusted_roots()->Begin();  // meanwhile the hands are shaken
  }
  return Tls(identity,
             tls::ExternalCertificateVerifier::Create<ServerVerifier>(network.trusted_roots(),
                                                                      std::move(own_authorities)),
             /*check_host=*/true);
}

}  // namespace lockstep::agent
