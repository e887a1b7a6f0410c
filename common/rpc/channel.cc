#include "common/rpc/channel.h"

#include <functional>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "common/base/clock.h"
#include "common/base/host_port.h"
#include "common/rpc/grpc_cause.h"
#include "common/trust/certificate.h"

namespace lockstep {
namespace {

// Judges the coordinator's certificate once a handshake is complete, before anything is said. Takes
// the place of the library's own check, which does not tell why it refuses.
class CoordinatorVerifier final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  CoordinatorVerifier(TrustAnchors anchors, std::string host)
      : anchors_(std::move(anchors)), host_(std::move(host)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>, grpc::Status* sync_status) override {
    const grpc::string_ref full = request->peer_cert_full_chain();
    const grpc::string_ref leaf = request->peer_cert();
    const grpc::string_ref& pem = full.empty() ? leaf : full;
    const absl::string_view chain(pem.data(), pem.size());
    absl::Status status =
        CheckCertificate(chain, anchors_, {Role::kCoordinator}, SystemClock().Wall()).status();
    if (status.ok()) {
      status = CheckHost(chain, host_);
    }
    *sync_status = status.ok() ? grpc::Status::OK
                               : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                              std::string(status.message()));
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

 private:
  const TrustAnchors anchors_;
  const std::string host_;
};

std::shared_ptr<grpc::ChannelCredentials> TlsCredentialsOf(const Credentials& credentials,
                                                           const std::string& host) {
  using grpc::experimental::ExternalCertificateVerifier;
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          credentials.anchors.authority,
          std::vector<grpc::experimental::IdentityKeyCertPair>{
              {.private_key = credentials.key, .certificate_chain = credentials.certificate}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      ExternalCertificateVerifier::Create<CoordinatorVerifier>(credentials.anchors, host));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const Credentials* credentials,
                                           grpc::ChannelArguments arguments,
                                           const std::string& name) {
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(
      address,
      credentials == nullptr
          ? grpc::InsecureChannelCredentials()
          : TlsCredentialsOf(*credentials,
                             name.empty() ? std::string(SplitHostPort(address).host) : name),
      arguments);
}

namespace {

constexpr absl::string_view kNotGrpc = "http1.x server";
// What stands before the reason of our own verifier.
constexpr absl::string_view kOurReason =
    "Custom verification check failed with error: UNAUTHENTICATED: ";

// What the library says at length: "failed to connect to all addresses; last error: UNKNOWN:
// ipv4:127.0.0.1:7411: Failed to connect to remote host: Connection refused" is "tried
// 127.0.0.1:7411: Connection refused".
std::string Shortened(absl::string_view said) {
  const std::string text = absl::StrReplaceAll(said, {{kOurReason, ""}});
  absl::string_view cause = GrpcCause(text);
  if (cause.size() < text.size() &&
      (absl::ConsumePrefix(&cause, "ipv4:") || absl::ConsumePrefix(&cause, "ipv6:"))) {
    return absl::StrCat("tried ",
                        absl::StrReplaceAll(cause, {{"Failed to connect to remote host: ", ""}}));
  }
  return std::string(cause);
}

// Whether the answer had this code: what the library has tried again is Unavailable, and its last
// answer stands in the text.
bool WasAnswered(const grpc::Status& status, grpc::StatusCode code, absl::string_view name) {
  return status.error_code() == code ||
         absl::StrContains(status.error_message(), absl::StrCat("last error: ", name, ": "));
}

}  // namespace

absl::Status Explain(const grpc::Status& status, bool tls) {
  const std::string text = Shortened(status.error_message());
  absl::string_view hint;
  if (!tls && absl::StrContains(text, kNotGrpc)) {
    // Our port of TLS answers plain text with 400, which is Internal, and most servers of HTTP/1
    // with 404.
    hint =
        WasAnswered(status, grpc::StatusCode::UNIMPLEMENTED, "UNIMPLEMENTED")
            ? "; it speaks HTTP/1: is this the port of --listen (7411), and not that of --address?"
            : "; it seems to speak TLS, which needs --credentials";
  } else if (tls && absl::StrContains(absl::AsciiStrToLower(text), "protocol version")) {
    hint = "; it seems to speak plain text (--insecure)";
  } else if (absl::StrContains(text, "Connection refused")) {
    hint =
        "; nobody listens there: does the coordinator run, and is this the address of its --listen?";
  } else if (absl::StrContains(text, "DNS resolution failed")) {
    hint = "; neither /etc/hosts nor the name server knows the host";
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), absl::StrCat(text, hint));
}

}  // namespace lockstep
