// The clients of a WebServer, of whom the library tells little: who keeps its threads from others.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "common/base/sync.h"

namespace lockstep {

// What becomes of those who are slow while others wait: who has sent nothing for half a second, or
// no whole request within two, is cut off. Who has asked may take as long as the answer does.
class Clients {
 public:
  // `port` is borrowed: the server's own, known once there are connections.
  explicit Clients(const int& port) : port_(port) {}

  // A connection waits for a thread, which will run `serve`: the thread's task. Listener's thread.
  std::function<void()> Wait(std::function<void()> serve);
  // The client at this address, whose task runs here, has sent a whole request. Its task's thread.
  void NoteAsked(const std::string& host, int port);
  // Cuts off who is slow, if somebody waits. Listener's thread; scans the process's descriptors,
  // ten times a second at most.
  void CutSlow();
  // Ends all connections, so that no thread goes on waiting for a client. Any thread.
  void CutAll() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Slowness {
    Time came_at;   // as far as we know
    Time heard_at;  // when something of its was waiting for a thread, for the last time
  };

  const int& port_;
  std::atomic<size_t> waiting_ = 0;
  Time next_cut_;
  std::map<std::string, Slowness> seen_;  // who has not asked yet; listener's thread
  Mutex mutex_;
  std::map<std::thread::id, std::string> asked_ ABSL_GUARDED_BY(mutex_);  // by their task's thread
};

}  // namespace lockstep
