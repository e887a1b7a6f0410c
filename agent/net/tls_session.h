// One client's TLS over bytes that somebody else carries: no sockets, no waiting. On OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/net/tls_context.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

class TlsSession {
 public:
  // With the network's versions, ciphers and trust. InvalidArgument as of MakeTlsContext.
  static absl::StatusOr<std::unique_ptr<TlsSession>> Make(const Network& network,
                                                          const TlsParties& parties);

  // Takes what came from the server and appends what it means to `plain`; with "" at first, to
  // begin. Unavailable: the handshake failed or the peer broke the protocol; what is then to be
  // sent, an alert, is in TakeOutput.
  absl::Status Receive(absl::string_view cipher, std::string* plain);
  // The handshake is over; only then may something be sent.
  bool open() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // What the server has shown, in DER; "" before the handshake is over.
  std::string PeerCertificate() const;
  // The server has said that nothing more comes.
  bool ended() const { return ended_; }
  void Send(absl::string_view plain);
  // What is to go to the server.
  std::string TakeOutput();

 private:
  explicit TlsSession(std::string host) : host_(std::move(host)) {}
  absl::Status Handshake();
  absl::Status Failure(absl::string_view what);

  const std::string host_;
  TlsContext context_;
  std::unique_ptr<SSL, openssl::Free<&SSL_free>> ssl_;
  BIO* in_ = nullptr;  // owned by ssl_, as is the next
  BIO* out_ = nullptr;
  bool ended_ = false;
};

}  // namespace lockstep::agent
