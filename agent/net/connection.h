// A TCP connection to a server, in the clear or under TLS, on a worker's loop: of those exchanges
// that need nothing of curl. It stays registered for reading, so that a request on a kept
// connection costs two system calls. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>
#include <sys/uio.h>

#include "absl/strings/string_view.h"

#include "agent/net/ip.h"
#include "agent/net/tls_channel.h"
#include "common/base/epoll_loop.h"

namespace lockstep::agent {

class Connection {
 public:
  // So many reads in a row, after which others have their turn.
  static constexpr int kReadsPerEvent = 16;

  class User {
   public:
    virtual ~User() = default;
    // `events` of EPOLLIN, EPOLLOUT, EPOLLERR and EPOLLHUP have happened. May destroy the
    // connection.
    virtual void OnEvents(Connection& connection, uint32_t events) = 0;
  };

  // Where a connection leads: connections to the same `host` and `port` may stand for each other,
  // whichever address they have, if both are secure or neither is.
  struct Peer {
    std::string host;
    int port = 0;
    bool secure = false;
    IpAddress ip;  // that is dialled
    int dial_port = 0;

    bool StandsFor(absl::string_view other_host, int other_port, bool other_secure) const {
      return port == other_port && secure == other_secure && host == other_host;
    }
  };

  Connection(EpollLoop& loop, Peer peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to dial from `local_ip` ("": the system's choice). 0: `user` hears EPOLLOUT when it is
  // decided; otherwise the errno.
  int Dial(const std::string& local_ip, User* user);
  // After the dial's event: 0 if connected, else the errno.
  int DialResult() const;

  // Of a secure peer, once connected: begins to speak TLS, and goes on with it after each event.
  // kFailed: the connection is good for nothing, and `tls()` says why.
  TlsChannel::Step Handshake(SSL_CTX* context);
  // Null in the clear, and before the handshake.
  const TlsChannel* tls() const { return tls_.get(); }

  // Events go to `user` from now on.
  void set_user(User* user) { user_ = user; }
  // Asks for EPOLLOUT beside EPOLLIN, or no longer.
  void WantRoom(bool want);

  // What is left to receive is reported in the next turn, although some of it may have left the
  // socket already.
  void ReportAgain();

  // As sendmsg and recv: -1 with errno, EAGAIN if there is no room or nothing, EPROTO if TLS has
  // failed, as `tls()` says. What has not been sent for want of room is to be handed over again.
  ssize_t Send(const iovec* parts, int count);
  ssize_t Receive(char* buffer, size_t size);
  // Whether a Receive that got `got` of `size` bytes may have left some without another event.
  bool MayHaveMore(size_t got, size_t size) const {
    return tls_ == nullptr ? got == size : tls_->may_have_more();
  }

  // Of one that nobody uses, after an event: whether it was only TLS that had something to say (a
  // ticket, a change of keys).
  bool StillQuiet();

  const Peer& peer() const { return peer_; }
  const std::string& remote_ip() const { return remote_ip_; }

 private:
  void Watch();
  void OnEvents(uint32_t events);
  ssize_t SendSecurely(const iovec* parts, int count);

  EpollLoop& loop_;
  const Peer peer_;
  const std::string remote_ip_;
  int fd_ = -1;
  std::unique_ptr<TlsChannel> tls_;
  std::string joined_;  // a head and a body that leave as one record
  User* user_ = nullptr;
  bool dialling_ = false;
  bool wants_room_ = false;
  bool again_ = false;  // until the next event, which is that there is room
  uint32_t watched_ = 0;
};

}  // namespace lockstep::agent
