#include "agent/net/tls_session.h"

#include <algorithm>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "absl/strings/str_cat.h"

#include "agent/net/ip.h"
#include "agent/net/net_error.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {

absl::StatusOr<std::unique_ptr<TlsSession>> TlsSession::Make(const Network& network,
                                                             const TlsParties& parties) {
  auto session = std::unique_ptr<TlsSession>(new TlsSession(parties.host));
  LOCKSTEP_ASSIGN_OR_RETURN(session->context_, MakeTlsContext(network, parties));
  session->ssl_.reset(SSL_new(session->context_.get()));
  SSL* ssl = session->ssl_.get();
  LOCKSTEP_CHECK(ssl != nullptr);
  if (!ParseIp(parties.host).ok()) {
    SSL_set_tlsext_host_name(ssl, parties.host.c_str());
  }
  session->in_ = BIO_new(BIO_s_mem());
  session->out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, session->in_, session->out_);
  SSL_set_connect_state(ssl);
  ERR_clear_error();
  return session;
}

absl::Status TlsSession::Failure(absl::string_view what) {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    ERR_clear_error();
    return absl::UnavailableError(CertificateRefusal(verified, host_));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return absl::UnavailableError(absl::StrCat("tls: ", reason == nullptr ? what : reason));
}

absl::Status TlsSession::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1 || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    return absl::OkStatus();
  }
  return Failure("handshake failed");
}

absl::Status TlsSession::Receive(absl::string_view cipher, std::string* plain) {
  ERR_clear_error();
  BIO_write(in_, cipher.data(), static_cast<int>(cipher.size()));
  if (!open()) {
    LOCKSTEP_RETURN_IF_ERROR(Handshake());
  }
  while (open()) {
    char piece[16 << 10];  // a record's size
    const int count = SSL_read(ssl_.get(), piece, sizeof(piece));
    if (count > 0) {
      plain->append(piece, static_cast<size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_WANT_READ) {
      break;
    }
    ended_ = error == SSL_ERROR_ZERO_RETURN;
    return ended_ ? absl::OkStatus() : Failure("the connection is broken");
  }
  return absl::OkStatus();
}

std::string TlsSession::PeerCertificate() const {
  const std::unique_ptr<X509, openssl::Free<&X509_free>> shown(
      SSL_get1_peer_certificate(ssl_.get()));
  std::string der;
  if (shown != nullptr) {
    der.resize(static_cast<size_t>(std::max(i2d_X509(shown.get(), nullptr), 0)));
    auto* data = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(shown.get(), &data);
  }
  return der;
}

void TlsSession::Send(absl::string_view plain) {
  // The output is memory, so all of it is taken.
  while (!plain.empty()) {
    const int count = SSL_write(ssl_.get(), plain.data(),
                                static_cast<int>(std::min<size_t>(plain.size(), 1 << 30)));
    if (count <= 0) {
      ERR_clear_error();
      return;  // the session has failed, which Receive tells
    }
    plain.remove_prefix(static_cast<size_t>(count));
  }
}

std::string TlsSession::TakeOutput() {
  std::string output(BIO_ctrl_pending(out_), '\0');
  if (!output.empty()) {
    BIO_read(out_, output.data(), static_cast<int>(output.size()));
  }
  return output;
}

}  // namespace lockstep::agent
