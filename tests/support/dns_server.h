// What stands for a name server in tests: it answers what it is told to, over UDP on 127.0.0.1.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::testing {

class DnsServer {
 public:
  struct Answer {
    int code = 0;  // RCODE: 2 the server has failed, 3 no such name, 5 refused
    std::vector<std::string> addresses = {};  // of A or AAAA, whichever they are
    bool silent = false;
  };

  // By name; of all others, there is no such name.
  explicit DnsServer(std::map<std::string, Answer> answers);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  int port() const { return port_; }
  int questions() const { return questions_; }

 private:
  void Serve();
  std::string Reply(absl::string_view question);

  const std::map<std::string, Answer> answers_;
  int fd_ = -1, port_ = 0;
  std::atomic<int> questions_ = 0;
  std::thread thread_;
};

}  // namespace lockstep::testing
