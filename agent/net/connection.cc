#include "agent/net/connection.h"

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
  Watch(EPOLLOUT);
  return 0;
}

int Connection::DialResult() const {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void Connection::WantRoom(bool want) {
  Watch(want ? uint32_t{EPOLLIN} | EPOLLOUT : uint32_t{EPOLLIN});
}

void Connection::Watch(uint32_t events) {
  if (events != watched_) {
    watched_ = events;
    loop_.Watch(fd_, events, [this](uint32_t happened) { user_->OnEvents(*this, happened); });
  }
}

ssize_t Connection::Send(const iovec* parts, int count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(fd_, &message, MSG_NOSIGNAL);
}

ssize_t Connection::Receive(char* buffer, size_t size) {
  return recv(fd_, buffer, size, 0);
}

}  // namespace lockstep::agent
