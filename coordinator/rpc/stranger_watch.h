// How much a connection may send before its peer has proved to belong to the fleet. gRPC takes in
// the whole of a message before it refuses it for its size, so the kernel is asked what has come,
// and what is too much is cut off. Operators, who never join, stay within the same limit.
//
// Belongs to the coordinator's loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"

#include "common/base/epoll_loop.h"
#include "common/base/timer.h"

namespace lockstep::coordinator {

class StrangerWatch {
 public:
  // In ten seconds: handshakes and a few messages of the most that may be said at once.
  static constexpr uint64_t kMostBytes = 2 << 20;

  // `loop` is borrowed. `cut` is told of the address of each connection that was cut off.
  StrangerWatch(EpollLoop& loop, absl::AnyInvocable<void(const std::string& address)> cut)
      : loop_(loop), cut_(std::move(cut)) {}
  ~StrangerWatch() { Clear(); }
  StrangerWatch(const StrangerWatch&) = delete;
  StrangerWatch& operator=(const StrangerWatch&) = delete;

  // A TCP connection, whose descriptor stays the caller's.
  void Add(int fd, const std::string& address);
  // It has proved to belong here, and may send as much as it likes.
  void Forget(const std::string& address);
  // Watches nobody any more.
  void Clear();

 private:
  struct Stranger {
    int fd;               // another one for the same connection, which outlives its end
    uint64_t before = 0;  // of what has come: until `since`
    MonoTime since;
  };
  void LookAgain();
  void Look();

  EpollLoop& loop_;
  absl::AnyInvocable<void(const std::string&)> cut_;
  std::map<std::string, Stranger> strangers_;  // by address
  Timer timer_{loop_};
};

}  // namespace lockstep::coordinator
