// The outputs' way to an HTTP server: requests go into a bounded queue, a thread of its own sends
// them in order with libcurl, and tries again where that may help. A server that is slow, fails or
// never answers costs its own samples, which are counted, and nothing else: Push never waits.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/sync.h"

namespace lockstep::coordinator {

// Whether something can be sent there: an http:// or https:// URL.
bool IsServerUrl(const std::string& url);
// "1.0" to "1.3".
bool IsTlsVersion(absl::string_view name);

// How to reach a server.
struct HttpTarget {
  std::string url = {};                   // where requests go that name no other
  std::vector<std::string> headers = {};  // "Name: value", of each request
  // Basic authentication; both empty: none.
  std::string username = {};
  std::string password = {};
  std::string proxy = {};  // empty: as the environment says
  bool skip_tls_verify = false;
  std::string minimum_tls = {};  // "1.0" to "1.3"; empty: curl's default
  // PEM files; empty: none.
  std::string client_certificate = {};
  std::string client_key = {};
};

struct HttpPush {
  std::string body;
  uint64_t samples = 0;   // what is lost with it
  std::string url = {};   // empty: the target's
  bool optional = false;  // no loss if refused
};

class HttpPusher {
 public:
  struct Limits {
    size_t queue_bytes = 64 << 20;              // bodies that wait; beyond, the oldest are dropped
    absl::Duration timeout = absl::Seconds(5);  // of one try
    absl::Duration first_backoff = absl::Milliseconds(250);  // doubles with each failure in a row
    absl::Duration longest_backoff = absl::Seconds(5);
    // How long Finish waits for what is queued.
    absl::Duration drain = absl::Seconds(5);
  };
  struct Tally {
    uint64_t pushed = 0;  // samples
    uint64_t sent = 0;    // those of requests that were answered with 2xx
    uint64_t lost = 0;    // those of requests that were not, and are not tried again
    uint64_t retries = 0;
    std::string reason;   // why the last of them got lost
    std::string failing;  // why the last try failed; empty: it did not
  };

  HttpPusher(HttpTarget target, Limits limits);
  // Ends the thread at once, whatever is queued.
  ~HttpPusher();
  HttpPusher(const HttpPusher&) = delete;
  HttpPusher& operator=(const HttpPusher&) = delete;

  // InvalidArgument: a URL that curl does not accept, or an unknown TLS version.
  absl::Status Check() const;
  // Errors as Check's. Starts the thread. Nothing is sent before the first Push.
  absl::Status Start();
  // Any thread. Never blocks.
  void Push(HttpPush push);
  // Begins to count down `drain`, so that several sinks drain at the same time. Any thread.
  void BeginFinish();
  // Waits until everything is sent or the time is up; what is still waiting then is lost. Returns
  // the final tally.
  Tally Finish();
  Tally tally() const;

 private:
  class Connection;
  enum class PushResult { kSent, kAgain, kRefused };

  void Run();
  // The next request; nullopt: there will be none.
  std::optional<HttpPush> Next();
  void Deliver(Connection& connection, const HttpPush& push);
  // Waits before the next try. False: there is no time left.
  bool Backoff(absl::Duration time);
  absl::Duration TimeLeft() const;
  void Lose(uint64_t samples, std::string reason);
  static size_t CostOf(const HttpPush& push);

  const HttpTarget target_;
  const Limits limits_;
  std::unique_ptr<Connection> connection_;  // of the thread, except for its Wake
  std::string last_failure_;                // of the thread; empty: the last try succeeded
  std::thread thread_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<HttpPush> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Tally tally_ ABSL_GUARDED_BY(mutex_);
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t deadline_ns_ ABSL_GUARDED_BY(mutex_) = INT64_MAX;  // on the steady clock
};

}  // namespace lockstep::coordinator
