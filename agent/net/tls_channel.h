// A client's TLS straight over a socket that does not block: what is read and written goes to the
// system with no copy in between, and the system is asked for nothing that the loop says is not
// there. On OpenSSL. Loop thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <sys/types.h>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

class TlsChannel {
 public:
  // Why TLS failed, in the terms of CurlFailure.
  struct Failure {
    bool unverified = false;  // the server's certificate was refused
    std::string text;         // OpenSSL's, "" if it has none
    int os_errno = 0;
    long verify_result = 0;
  };

  // Over `fd`, which is connected and outlives this, to a server whose certificate must be for
  // `host`, if the context verifies any.
  TlsChannel(SSL_CTX* context, int fd, absl::string_view host);
  // Says goodbye, if the handshake was over.
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  enum class Step { kDone, kWantsInput, kWantsRoom, kFailed };
  // Begins the handshake, and goes on with it after each event. kFailed: `failure` says why.
  Step Handshake();
  // From the handshake's end on.
  const std::shared_ptr<const TlsFacts>& facts() const { return facts_; }
  bool http2() const { return http2_; }  // the server has chosen "h2"

  // As recv and send. Where TLS has failed, errno is EPROTO and `failure` says why.
  ssize_t Receive(char* buffer, size_t size);
  ssize_t Send(const char* bytes, size_t size);
  const Failure& failure() const { return failure_; }
  // There may be something to receive without another event.
  bool may_have_more() const { return !drained_ || SSL_has_pending(ssl_.get()) == 1; }
  // The loop has reported something to read, or an end.
  void NoteReadable() { drained_ = false; }

 private:
  // What OpenSSL calls instead of the system's functions.
  struct Bio;

  ssize_t Fail(int result);
  void NoteFailure();
  void ReadFacts();

  const int fd_;
  std::unique_ptr<SSL, openssl::Free<&SSL_free>> ssl_;
  std::shared_ptr<const TlsFacts> facts_;
  bool http2_ = false;
  Failure failure_;
  bool drained_ = true;  // all that had come when the loop last looked has been read
  bool ended_ = false;   // the peer has ended the connection
  int os_errno_ = 0;     // of the last call to the system that failed for good
  bool broken_ = false;  // no goodbye can be said
};

}  // namespace lockstep::agent
