#include "agent/grpc/connect_failure.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/rpc/grpc_cause.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kNoGrpc =
    "the server does not speak gRPC: it does not answer with HTTP/2";

// Without "ipv4:127.0.0.1:1: " before it.
absl::string_view WithoutAddress(absl::string_view cause) {
  if (absl::StartsWith(cause, "ipv4:") || absl::StartsWith(cause, "ipv6:")) {
    if (const size_t end = cause.find(": "); end != absl::string_view::npos) {
      cause.remove_prefix(end + 2);
    }
  }
  return cause;
}

// "certificate verify failed" of "SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify
// failed".
absl::string_view TlsReason(absl::string_view cause) {
  constexpr absl::string_view kRoutines = "SSL routines:";
  if (const size_t at = cause.rfind(kRoutines); at != absl::string_view::npos) {
    cause.remove_prefix(at + kRoutines.size());
    cause.remove_prefix(cause.find(':') == absl::string_view::npos ? 0 : cause.find(':') + 1);
  }
  return cause;
}

// What a connection that stands, or nearly so, ran into; "": nothing that we know.
absl::string_view KnownReason(absl::string_view cause) {
  if (absl::StrContains(cause, "Connection refused")) {
    return "connect: connection refused";
  }
  if (absl::StrContains(cause, "http1.x") || absl::StrContains(cause, "Failed parsing HTTP/2") ||
      cause.empty() || cause == "OK") {
    return kNoGrpc;
  }
  if (absl::StrContains(cause, "Connection reset by peer") ||
      absl::StrContains(cause, "Broken pipe") || absl::StrContains(cause, "Socket closed")) {
    return "the server closed the connection: it may not speak gRPC, or expect TLS (or none)";
  }
  return "";
}

}  // namespace

std::string ConnectFailure(absl::string_view said, absl::string_view place) {
  absl::string_view cause = WithoutAddress(GrpcCause(said));
  // The latter: how we have judged the server.
  if (absl::ConsumePrefix(&cause, "Tls handshake failed: ") ||
      absl::ConsumePrefix(&cause,
                          "Custom verification check failed with error: UNAUTHENTICATED: ")) {
    const bool plain = absl::StrContains(cause, "wrong version number") ||
                       absl::StrContains(cause, "packet length too long");
    return absl::StrCat(
        "transport: authentication handshake failed: dial tcp ", place, ": ",
        plain
            ? "tls: first record does not look like a TLS handshake; { plaintext: true } connects without TLS"
            : TlsReason(cause));
  }
  const absl::string_view known = KnownReason(cause);
  return absl::StrCat("transport: error while dialing: dial tcp ", place, ": ",
                      known.empty() ? cause : known);
}

}  // namespace lockstep::agent
