// A TCP connection to a server, in the clear, on a worker's loop: of those exchanges that need
// nothing of curl. It stays registered for reading, so that a request on a kept connection costs
// two system calls. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>
#include <sys/uio.h>

#include "absl/strings/string_view.h"

#include "agent/net/ip.h"
#include "common/base/epoll_loop.h"

namespace lockstep::agent {

class Connection {
 public:
  class User {
   public:
    virtual ~User() = default;
    // `events` of EPOLLIN, EPOLLOUT, EPOLLERR and EPOLLHUP have happened. May destroy the
    // connection.
    virtual void OnEvents(Connection& connection, uint32_t events) = 0;
  };

  // Where a connection leads: connections to the same `host` and `port` may stand for each other,
  // whichever address they have.
  struct Peer {
    std::string host;
    int port = 0;
    IpAddress ip;  // that is dialled
    int dial_port = 0;
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

  // Events go to `user` from now on.
  void set_user(User* user) { user_ = user; }
  // Asks for EPOLLOUT beside EPOLLIN, or no longer.
  void WantRoom(bool want);

  // As sendmsg and recv: -1 with errno, EAGAIN if there is no room or nothing.
  ssize_t Send(const iovec* parts, int count);
  ssize_t Receive(char* buffer, size_t size);

  const Peer& peer() const { return peer_; }
  const std::string& remote_ip() const { return remote_ip_; }

 private:
  void Watch(uint32_t events);

  EpollLoop& loop_;
  const Peer peer_;
  const std::string remote_ip_;
  int fd_ = -1;
  User* user_ = nullptr;
  uint32_t watched_ = 0;
};

}  // namespace lockstep::agent
