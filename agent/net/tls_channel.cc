#include "agent/net/tls_channel.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "absl/strings/strip.h"

#include "agent/net/ip.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_facts.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// "error:0A000102:SSL routines::unsupported protocol"; "" if the queue is empty.
std::string TakeErrorText() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) {
    return "";
  }
  char text[256];
  ERR_error_string_n(error, text, sizeof text);
  return text;
}

// What others have left would be taken for ours. OpenSSL frees 32 texts to clear a queue, also of
// one that is empty.
void ClearErrors() {
  if (ERR_peek_error() != 0) {
    ERR_clear_error();
  }
}

bool IsVerification(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL &&
         ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

}  // namespace

struct TlsChannel::Bio {
  static TlsChannel& Of(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* buffer, int size) {
    TlsChannel& self = Of(bio);
    BIO_clear_retry_flags(bio);
    if (self.drained_) {
      BIO_set_retry_read(bio);
      return -1;
    }
    ssize_t got = 0;
    do {
      got = recv(self.fd_, buffer, static_cast<size_t>(size), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
      self.drained_ = true;
      BIO_set_retry_read(bio);
    } else if (got < 0) {
      self.os_errno_ = errno;
    } else if (got == 0) {
      self.ended_ = true;
    } else {
      self.drained_ = got < size;  // fewer than there was room for were all
    }
    return static_cast<int>(got);
  }

  static int Write(BIO* bio, const char* bytes, int size) {
    TlsChannel& self = Of(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = 0;
    do {
      sent = send(self.fd_, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) {
      BIO_set_retry_write(bio);
    } else if (sent < 0) {
      self.os_errno_ = errno;
    }
    return static_cast<int>(sent);
  }

  static long Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_EOF:
        return Of(bio).ended_ ? 1 : 0;
      default:
        return 0;
    }
  }

  static BIO* Make(TlsChannel* channel) {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      LOCKSTEP_CHECK(made != nullptr);
      BIO_meth_set_read(made, &Read);
      BIO_meth_set_write(made, &Write);
      BIO_meth_set_ctrl(made, &Control);
      return made;
    }();
    BIO* const bio = BIO_new(method);
    LOCKSTEP_CHECK(bio != nullptr);
    BIO_set_data(bio, channel);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsChannel::TlsChannel(SSL_CTX* context, int fd, absl::string_view host)
    : fd_(fd), ssl_(SSL_new(context)) {
  LOCKSTEP_CHECK(ssl_ != nullptr);
  BIO* const bio = Bio::Make(this);
  SSL_set_bio(ssl_.get(), bio, bio);
  // A name of the DNS's root, "host.", is that of "host" in TLS.
  const std::string name(absl::StripSuffix(host, "."));
  ExpectHost(SSL_get0_param(ssl_.get()), name);
  if (!ParseIp(name).ok()) {
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  }
  SSL_set_connect_state(ssl_.get());
  ERR_clear_error();
}

TlsChannel::~TlsChannel() {
  if (!broken_ && os_errno_ == 0 && SSL_is_init_finished(ssl_.get()) == 1) {
    SSL_shutdown(ssl_.get());
  }
  ERR_clear_error();
}

TlsChannel::Step TlsChannel::Handshake() {
  ClearErrors();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    ReadFacts();
    return Step::kDone;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsInput;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsRoom;
    default:
      NoteFailure();
      if (ended_ && os_errno_ == 0 && !failure_.unverified) {
        failure_.text = "unexpected eof while reading";
      } else if (failure_.text.empty()) {
        failure_.text = "SSL_ERROR_SYSCALL";
      }
      return Step::kFailed;
  }
}

void TlsChannel::ReadFacts() {
  SSL* const ssl = ssl_.get();
  facts_ = std::make_shared<TlsFacts>(TlsFacts{.version = TlsVersionOf(ssl),
                                               .cipher_suite = TlsCipherSuiteOf(ssl),
                                               .ocsp = ReadOcspStaple(StapleOf(ssl))});
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  http2_ = absl::string_view(reinterpret_cast<const char*>(protocol), length) == "h2";
}

void TlsChannel::NoteFailure() {
  broken_ = true;
  failure_.unverified = IsVerification(ERR_peek_error());
  failure_.verify_result = SSL_get_verify_result(ssl_.get());
  failure_.os_errno = os_errno_;
  failure_.text = TakeErrorText();
}

ssize_t TlsChannel::Receive(char* buffer, size_t size) {
  ClearErrors();
  const int got = SSL_read(ssl_.get(), buffer, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  return got > 0 ? got : Fail(got);
}

ssize_t TlsChannel::Send(const char* bytes, size_t size) {
  ClearErrors();
  const int sent = SSL_write(ssl_.get(), bytes, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  return sent > 0 ? sent : Fail(sent);
}

ssize_t TlsChannel::Fail(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      break;
  }
  NoteFailure();
  if (os_errno_ != 0) {
    errno = os_errno_;
    return -1;
  }
  if (ended_) {  // without a goodbye: as Go, which takes that for an end
    return 0;
  }
  errno = EPROTO;
  return -1;
}

}  // namespace lockstep::agent
