// A server whose every step the test decides: it never blocks, so that the test turns the client's
// loop in between.
#pragma once

#include <cerrno>
#include <memory>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The server's side of one connection. Never blocks: the test turns the client's loop in between.
class RawPeer {
 public:
  explicit RawPeer(int fd) : fd_(fd) { fcntl(fd_, F_SETFL, O_NONBLOCK); }
  ~RawPeer() { close(fd_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  // What has come so far.
  const std::string& Read() {
    char buffer[1 << 16];
    for (ssize_t got = 0; (got = read(fd_, buffer, sizeof buffer)) != 0;) {
      if (got < 0) {
        ended_ = ended_ || errno != EAGAIN;
        return text_;
      }
      text_.append(buffer, static_cast<size_t>(got));
    }
    ended_ = true;
    return text_;
  }
  // The client has closed it.
  bool Ended() {
    Read();
    return ended_;
  }
  void Forget() { text_.clear(); }
  void Write(absl::string_view text) {
    EXPECT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  const int fd_;
  std::string text_;
  bool ended_ = false;
};

class RawListener {
 public:
  RawListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~RawListener() { close(fd_); }
  int port() const { return port_; }
  // Null: nobody has dialled.
  std::unique_ptr<RawPeer> Accept() {
    const int fd = accept(fd_, nullptr, nullptr);
    return fd < 0 ? nullptr : std::make_unique<RawPeer>(fd);
  }

 private:
  const int fd_;
  int port_ = 0;
};

}  // namespace lockstep::agent
