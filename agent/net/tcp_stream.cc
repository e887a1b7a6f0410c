#include "agent/net/tcp_stream.h"

#include <cerrno>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/http/unsent.h"
#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/pool.h"
#include "agent/net/resolver.h"
#include "agent/net/socket_address.h"
#include "agent/net/target.h"
#include "agent/net/tls_session.h"
#include "common/base/timer.h"

namespace lockstep::agent {
namespace {

class TcpStream final : public ByteStream, public EventSource {
 public:
  TcpStream(Engine& engine, NetPool& pool, StreamTarget target, StreamListener& listener)
      : engine_(engine),
        local_ip_(pool.local_ip()),
        target_(std::move(target)),
        listener_(listener) {
    if (target_.dial_timeout < absl::InfiniteDuration()) {
      timer_.After(target_.dial_timeout, [this] {
        End(absl::DeadlineExceededError(absl::StrCat("dial tcp ", address_, ": i/o timeout")));
      });
    }
    Begin();
  }

  ~TcpStream() override {
    Close();
    engine_.RemoveEvents(this);
  }

  bool Write(absl::string_view bytes) override {
    if (!connected_ || end_.has_value() ||
        static_cast<int64_t>(output_.size() + bytes.size()) > kMostUnsentBytes) {
      return false;
    }
    sent_ += static_cast<int64_t>(bytes.size());
    if (tls_ != nullptr) {
      tls_->Send(bytes);
      output_.append(tls_->TakeOutput());
    } else {
      output_.append(bytes.data(), bytes.size());
    }
    Flush();
    return true;
  }
  int64_t bytes_sent() const override { return sent_; }
  int64_t bytes_received() const override { return received_; }
  std::string peer_certificate() const override {
    return tls_ == nullptr ? std::string() : tls_->PeerCertificate();
  }

  // One event at a time, as the listener may destroy the stream in each.
  void DeliverEvents() override {
    if (opened_) {
      opened_ = false;
      NoteEvents();
      listener_.OnOpen();
    } else if (!input_.empty()) {
      const std::string bytes = std::exchange(input_, {});
      NoteEvents();
      listener_.OnBytes(bytes);
    } else if (end_.has_value() && !told_) {
      told_ = true;
      listener_.OnEnd(*end_);
    }
  }

 private:
  void NoteEvents() {
    if (opened_ || !input_.empty() || (end_.has_value() && !told_)) {
      engine_.AddEvents(this);
    }
  }

  void End(absl::Status why) {
    if (!end_.has_value()) {
      end_ = std::move(why);
      Close();
      NoteEvents();
    }
  }

  void Close() {
    timer_.Cancel();
    if (fd_ >= 0) {
      engine_.loop().Unwatch(fd_);
      close(std::exchange(fd_, -1));
    }
  }

  void Begin() {
    const Target found = MakeTarget(engine_.network(), target_.host, target_.port, target_.tls);
    target_.host = found.host;
    dial_port_ = found.dial_port;
    address_ = HostPort(target_.host, target_.port);
    if (found.refused.code != 0) {
      End(absl::PermissionDeniedError(found.refused.in_full()));
      return;
    }
    if (target_.tls && !MakeTls(found.certificate)) {
      return;
    }
    if (!found.ip.has_value()) {
      LookUp();
    } else {
      Dial(*found.ip);
    }
  }

  bool MakeTls(const TlsAuth* certificate) {
    TlsParties parties{.host = target_.host,
                       .authorities = target_.authorities,
                       .client = {},
                       .verify = target_.verify};
    if (!target_.certificate.empty()) {
      parties.client.cert = target_.certificate;
      parties.client.key = target_.key;
    } else if (certificate != nullptr) {
      parties.client = *certificate;
    }
    absl::StatusOr<std::unique_ptr<TlsSession>> made = TlsSession::Make(engine_.network(), parties);
    if (!made.ok()) {
      End(made.status());
      return false;
    }
    tls_ = *std::move(made);
    return true;
  }

  void LookUp() {
    Resolver& resolver = engine_.network().resolver();
    if (const std::optional<IpAddress> ip = resolver.Cached(target_.host, engine_.clock().Mono())) {
      OnAddress(*ip);
      return;
    }
    // The answer may come when the stream is gone.
    resolver.Resolve(target_.host, engine_.loop(),
                     [this, here = std::weak_ptr<bool>(here_)](absl::StatusOr<IpAddress> answer) {
                       if (here.expired() || end_.has_value()) {
                         return;
                       }
                       if (answer.ok()) {
                         OnAddress(*answer);
                       } else {
                         End(absl::UnavailableError(
                             absl::StrCat("dial tcp: lookup ", target_.host, ": no such host")));
                       }
                     });
  }

  void OnAddress(const IpAddress& ip) {
    const HttpError refused = CheckAddress(engine_.network(), ip);
    if (refused.code != 0) {
      End(absl::PermissionDeniedError(refused.in_full()));
    } else {
      Dial(ip);
    }
  }

  void Dial(const IpAddress& ip) {
    address_ = HostPort(ip.ToString(), dial_port_);
    const SocketAddress to(ip, dial_port_);
    fd_ = socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      FailToDial("socket", errno);
      return;
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const absl::StatusOr<IpAddress> from = ParseIp(local_ip_);
    if (from.ok() && from->is_v4() == ip.is_v4()) {
      const SocketAddress local(*from, 0);
      if (bind(fd_, local.get(), local.size) != 0) {
        FailToDial("bind", errno);
        return;
      }
    }
    if (connect(fd_, to.get(), to.size) != 0 && errno != EINPROGRESS) {
      FailToDial("connect", errno);
      return;
    }
    engine_.loop().Watch(fd_, EPOLLOUT, [this](uint32_t) { OnConnected(); });
  }

  void FailToDial(absl::string_view call, int error) {
    const auto& refused = engine_.network().options().on_socket_refused;
    if (refused && (error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE)) {
      refused();
    }
    End(absl::UnavailableError(
        absl::StrCat("dial tcp ", address_, ": ", call, ": ", ErrnoText(error))));
  }

  void OnConnected() {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      FailToDial("connect", error);
      return;
    }
    connected_ = tls_ == nullptr;
    if (connected_) {
      Open();
    } else {
      Decipher("");  // begins the handshake
    }
    WatchFor();
  }

  void Open() {
    timer_.Cancel();
    connected_ = opened_ = true;
    NoteEvents();
  }

  void WatchFor() {
    if (fd_ >= 0) {
      const uint32_t events = EPOLLIN | (output_.empty() ? 0U : static_cast<uint32_t>(EPOLLOUT));
      engine_.loop().Watch(fd_, events, [this](uint32_t happened) { OnReady(happened); });
    }
  }

  void OnReady(uint32_t events) {
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
      Receive();
    }
    if (fd_ >= 0 && (events & EPOLLOUT) != 0) {
      Flush();
    }
  }

  // One piece; the loop calls again while there is more, and what was received is delivered in
  // between.
  void Receive() {
    char piece[64 << 10];
    const ssize_t count = recv(fd_, piece, sizeof(piece), 0);
    if (count > 0) {
      const absl::string_view bytes(piece, static_cast<size_t>(count));
      if (tls_ != nullptr) {
        Decipher(bytes);
      } else {
        received_ += count;
        input_.append(bytes.data(), bytes.size());
        NoteEvents();
      }
    } else if (count == 0) {
      End(connected_ ? absl::OkStatus() : absl::UnavailableError("tls: EOF"));
    } else if (errno != EAGAIN && errno != EINTR) {
      End(absl::UnavailableError(absl::StrCat("read: ", ErrnoText(errno))));
    }
  }

  void Decipher(absl::string_view cipher) {
    const size_t before = input_.size();
    const absl::Status read = tls_->Receive(cipher, &input_);
    received_ += static_cast<int64_t>(input_.size() - before);
    output_.append(tls_->TakeOutput());
    if (!connected_ && read.ok() && tls_->open()) {
      Open();
    }
    Flush();
    if (!read.ok() || tls_->ended()) {
      End(read);
    }
    NoteEvents();
  }

  // Sends what the kernel takes.
  void Flush() {
    const bool waited = waits_;
    while (fd_ >= 0 && !output_.empty()) {
      const ssize_t count = send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (count > 0) {
        output_.erase(0, static_cast<size_t>(count));
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        End(absl::UnavailableError(absl::StrCat("write: ", ErrnoText(errno))));
        return;
      }
    }
    waits_ = !output_.empty();
    if (waits_ != waited) {
      WatchFor();
    }
  }

  Engine& engine_;
  const std::string local_ip_;
  StreamTarget target_;
  StreamListener& listener_;
  const std::shared_ptr<bool> here_ = std::make_shared<bool>(true);  // for answers that come late

  std::string address_;  // what is dialled
  int dial_port_ = 0;
  Timer timer_{engine_.loop()};
  int fd_ = -1;
  std::unique_ptr<TlsSession> tls_;  // null: plain text
  bool connected_ = false;           // TLS included
  bool waits_ = false;               // for the kernel to take more output
  std::string output_;
  int64_t sent_ = 0;
  int64_t received_ = 0;

  // What has not been delivered yet.
  bool opened_ = false;
  std::string input_;
  std::optional<absl::Status> end_;
  bool told_ = false;  // of the end
};

}  // namespace

std::unique_ptr<ByteStream> MakeTcpStream(Engine& engine, NetPool& pool, StreamTarget target,
                                          StreamListener& listener) {
  return std::make_unique<TcpStream>(engine, pool, std::move(target), listener);
}

}  // namespace lockstep::agent
