// A loopback HTTP server for tests of outputs: it keeps what it gets, and answers as it is told.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::testing {

class SinkServer {
 public:
  struct Request {
    std::string head;
    std::string body;
  };
  // The statuses of its answers, one after another; all further ones are 204.
  explicit SinkServer(std::vector<int> statuses = {});
  // Reads requests and never answers.
  static std::vector<int> Never() { return {0}; }
  ~SinkServer();
  SinkServer(const SinkServer&) = delete;
  SinkServer& operator=(const SinkServer&) = delete;

  int port() const { return port_; }
  std::string Url(absl::string_view path) const;
  std::vector<Request> requests() const;

 private:
  void Serve();
  // Handles all requests of one connection.
  void Talk(int connection);

  std::vector<int> statuses_;
  int listener_ = -1;
  int port_ = 0;
  int wake_[2] = {-1, -1};  // a pipe: readable when it is over
  std::thread thread_;
  mutable Mutex mutex_;
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::testing
