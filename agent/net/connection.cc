#include "agent/net/connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/socket_address.h"

namespace lockstep::agent {
namespace {

void SetOption(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

int BindTo(int fd, const IpAddress& ip) {
  // The port is chosen with the connection, so that the same one may lead to many peers.
  SetOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  const SocketAddress local(ip, 0);
  return bind(fd, local.get(), local.size) == 0 ? 0 : errno;
}

}  // namespace

Connection::Connection(EpollLoop& loop, Peer peer)
    : loop_(loop), peer_(std::move(peer)), remote_ip_(peer_.ip.ToString()) {}

Connection::~Connection() {
  tls_.reset();  // which says goodbye
  if (fd_ >= 0) {
    loop_.Unwatch(fd_);
    close(fd_);
  }
}

int Connection::Dial(const std::string& local_ip, User* user) {
  user_ = user;
  const SocketAddress to(peer_.ip, peer_.dial_port);
  fd_ = socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return errno;
  }
  SetOption(fd_, IPPROTO_TCP, TCP_NODELAY);
  const absl::StatusOr<IpAddress> from = ParseIp(local_ip);
  if (from.ok() && from->is_v4() == peer_.ip.is_v4()) {
    if (const int error = BindTo(fd_, *from); error != 0) {
      return error;
    }
  }
  if (connect(fd_, to.get(), to.size) != 0 && errno != EINPROGRESS) {
    return errno;
  }
  dialling_ = true;
  Watch();
  return 0;
}

int Connection::DialResult() const {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

TlsChannel::Step Connection::Handshake(SSL_CTX* context) {
  if (tls_ == nullptr) {
    tls_ = std::make_unique<TlsChannel>(context, fd_, peer_.host);
  }
  const TlsChannel::Step step = tls_->Handshake();
  WantRoom(step == TlsChannel::Step::kWantsRoom);
  return step;
}

void Connection::WantRoom(bool want) {
  dialling_ = false;
  wants_room_ = want;
  Watch();
}

void Connection::ReportAgain() {
  if (tls_ != nullptr) {  // otherwise the loop says so by itself
    again_ = true;
    Watch();
  }
}

void Connection::Watch() {
  const uint32_t in = dialling_ ? 0U : uint32_t{EPOLLIN};
  const uint32_t out = dialling_ || wants_room_ || again_ ? uint32_t{EPOLLOUT} : 0U;
  if ((in | out) != watched_) {
    watched_ = in | out;
    loop_.Watch(fd_, watched_, [this](uint32_t happened) { OnEvents(happened); });
  }
}

void Connection::OnEvents(uint32_t events) {
  if (again_) {
    again_ = false;
    events = (events | EPOLLIN) & (wants_room_ ? ~0U : ~uint32_t{EPOLLOUT});
    Watch();
  }
  if (tls_ != nullptr && (events & ~uint32_t{EPOLLOUT}) != 0) {
    tls_->NoteReadable();
  }
  user_->OnEvents(*this, events);
}

ssize_t Connection::Send(const iovec* parts, int count) {
  if (tls_ != nullptr) {
    return SendSecurely(parts, count);
  }
  if (count == 1) {  // as nearly always: there is nothing to gather
    return send(fd_, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(fd_, &message, MSG_NOSIGNAL);
}

// Parts that fit into one record leave as one.
ssize_t Connection::SendSecurely(const iovec* parts, int count) {
  size_t all = 0;
  for (int i = 0; i < count; ++i) {
    all += parts[i].iov_len;
  }
  if (all <= SSL3_RT_MAX_PLAIN_LENGTH && count > 1 && parts[0].iov_len < all) {
    joined_.clear();
    for (int i = 0; i < count; ++i) {
      joined_.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    return tls_->Send(joined_.data(), joined_.size());
  }
  const iovec* const first =
      std::find_if(parts, parts + count, [](const iovec& part) { return part.iov_len > 0; });
  return first == parts + count
             ? 0
             : tls_->Send(static_cast<const char*>(first->iov_base), first->iov_len);
}

ssize_t Connection::Receive(char* buffer, size_t size) {
  return tls_ != nullptr ? tls_->Receive(buffer, size) : recv(fd_, buffer, size, 0);
}

bool Connection::StillQuiet() {
  char byte = 0;
  return tls_ != nullptr && tls_->Receive(&byte, 1) < 0 && errno == EAGAIN;
}

}  // namespace lockstep::agent
