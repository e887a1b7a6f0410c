#include "agent/grpc/credentials.h"

#include <filesystem>
#include <system_error>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "agent/net/client_certificate.h"
#include "agent/net/network.h"
#include "agent/net/rules.h"
#include "common/base/read_file.h"
#include "common/base/status_macros.h"

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

// Asks for no certificate of an authority: the option insecureSkipTLSVerify.
std::shared_ptr<grpc::ChannelCredentials> Unverified(const TlsAuth* identity) {
  namespace tls = grpc::experimental;
  tls::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
  if (identity != nullptr) {
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(std::vector<tls::IdentityKeyCertPair>{
            {.private_key = identity->key, .certificate_chain = identity->cert}}));
    options.watch_identity_key_cert_pairs();
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
    if (const absl::Status good = CheckClientCertificate(own); !good.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("tls.", good.message()));
    }
    identity = &own;
  }
  TlsAuth bare;
  if (identity != nullptr) {
    bare = *identity;
    LOCKSTEP_ASSIGN_OR_RETURN(bare.key, KeyWithoutPassword(*identity));
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
    return Unverified(identity);
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = spec.cacerts.empty() ? AuthoritiesOf(network.options().trust)
                                                : absl::StrJoin(spec.cacerts, "\n");
  if (identity != nullptr) {
    options.pem_private_key = identity->key;
    options.pem_cert_chain = identity->cert;
  }
  return grpc::SslCredentials(options);
}

}  // namespace lockstep::agent
