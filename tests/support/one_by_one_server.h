// A server of a test's own bytes: takes connections on loopback, one after another, on a thread of
// its own.
#pragma once

#include <thread>
#include <utility>

#include <unistd.h>

#include "absl/functional/any_invocable.h"

#include "common/base/sync.h"
#include "tests/support/loopback.h"

namespace lockstep::testing {

class OneByOneServer {
 public:
  // `talk` has a connection until it returns, on the server's thread.
  explicit OneByOneServer(absl::AnyInvocable<void(int connection)> talk)
      : talk_(std::move(talk)), thread_([this] { Serve(); }) {}
  // Cuts off what is going on, and waits for it.
  ~OneByOneServer() {
    {
      const MutexLock lock(mutex_);
      over_ = true;
      shutdown(connection_, SHUT_RDWR);
    }
    shutdown(listener_.fd, SHUT_RDWR);
    thread_.join();
    close(listener_.fd);
  }
  OneByOneServer(const OneByOneServer&) = delete;
  OneByOneServer& operator=(const OneByOneServer&) = delete;

  int port() const { return listener_.port; }

 private:
  void Serve() {
    for (;;) {
      const int connection = accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC);
      {
        const MutexLock lock(mutex_);
        if (over_ || connection < 0) {
          close(connection);
          return;
        }
        connection_ = connection;
      }
      talk_(connection);
      const MutexLock lock(mutex_);
      connection_ = -1;
      close(connection);
    }
  }

  const LoopbackListener listener_ = ListenOnLoopback();
  absl::AnyInvocable<void(int connection)> talk_;
  Mutex mutex_;
  int connection_ ABSL_GUARDED_BY(mutex_) = -1;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace lockstep::testing
