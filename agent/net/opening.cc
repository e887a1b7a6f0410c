#include "agent/net/opening.h"

#include <utility>

#include <curl/curl.h>

#include "absl/strings/str_cat.h"

#include "agent/net/engine.h"
#include "agent/net/target.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {

Opening::Opening(Engine& engine, Connection::Peer peer, const TlsAuth* certificate, User& user)
    : engine_(engine),
      certificate_(certificate),
      user_(user),
      connection_(std::make_unique<Connection>(engine.loop(), std::move(peer))) {}

HttpError Opening::Begin(const std::string& local_ip, MonoTime now) {
  stamps_.began = now;
  if (connection_->peer().secure) {
    absl::StatusOr<SSL_CTX*> context = engine_.TlsContextFor(certificate_);
    if (!context.ok()) {
      return absl::IsFailedPrecondition(context.status())
                 ? Failed({.code = CURLE_SSL_CACERT_BADFILE})
                 : HttpError{error_code::kTls, absl::StrCat("tls: ", context.status().message())};
    }
    context_ = *context;
  }
  const int error = connection_->Dial(local_ip, this);
  return error == 0 ? HttpError() : Failed({.code = CURLE_COULDNT_CONNECT, .os_errno = error});
}

MonoTime Opening::deadline() const {
  return stamps_.connected == MonoTime() ? stamps_.began + kDialLimit : MonoTime::Infinite();
}

HttpError Opening::DialTimeout() const {
  return Failed({.code = CURLE_OPERATION_TIMEDOUT, .timeout_was_dial = true});
}

HttpError Opening::Failed(CurlFailure failure) const {
  ReportShortage(failure.os_errno, engine_.network());
  const Connection::Peer& peer = connection_->peer();
  const std::string address = HostPort(connection_->remote_ip(), peer.dial_port);
  failure.address = address;
  failure.host = peer.host;
  return ErrorFromCurl(failure);
}

void Opening::OnEvents(Connection& /*connection*/, uint32_t /*events*/) {
  if (stamps_.connected != MonoTime()) {
    Secure();
    return;
  }
  if (const int error = connection_->DialResult(); error != 0) {
    user_.OnOpenFailed(Failed({.code = CURLE_COULDNT_CONNECT, .os_errno = error}));
    return;
  }
  stamps_.connected = engine_.clock().Mono();
  if (context_ != nullptr) {
    Secure();
  } else {
    connection_->WantRoom(false);
    user_.OnOpened(std::move(connection_));
  }
}

void Opening::Secure() {
  switch (connection_->Handshake(context_)) {
    case TlsChannel::Step::kWantsInput:
    case TlsChannel::Step::kWantsRoom:
      return;
    case TlsChannel::Step::kFailed:
      user_.OnOpenFailed(HandshakeFailed());
      return;
    case TlsChannel::Step::kDone:
      stamps_.secured = engine_.clock().Mono();
      user_.OnOpened(std::move(connection_));
  }
}

HttpError Opening::HandshakeFailed() const {
  const TlsChannel::Failure& why = connection_->tls()->failure();
  return Failed({.code = why.unverified ? CURLE_PEER_FAILED_VERIFICATION : CURLE_SSL_CONNECT_ERROR,
                 .text = why.text,
                 .os_errno = why.os_errno,
                 .verify_result = why.verify_result});
}

}  // namespace lockstep::agent
