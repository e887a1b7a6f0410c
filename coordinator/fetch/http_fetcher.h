// Asks HTTP servers on a thread of its own, and answers on the loop: many requests at once, over
// connections that are kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/environment.h"
#include "common/base/event_loop.h"

namespace lockstep::coordinator {

// Where the authorities of servers are, in PEM; empty: the system's.
struct HttpTrust {
  std::string file = {};    // SSL_CERT_FILE
  std::string folder = {};  // SSL_CERT_DIR, with OpenSSL's names of files

  static HttpTrust Of(const Environment& environment);
};

struct HttpQuestion {
  std::string url = {};
  std::string method = "GET";
  std::vector<std::string> headers = {};      // "Name: value"; of the first host, not of others
  size_t most_bytes = 0;                      // of the body, decompressed
  absl::Duration timeout = absl::Minutes(1);  // of all, redirects included
  int most_redirects = 10;                    // of a GET; other methods follow none
  // Judges the URL and that of each redirect; its error is the request's. Any thread.
  absl::Status (*allows)(absl::string_view url) = nullptr;
};

struct HttpAnswer {
  int status = 0;
  std::string url;                             // that answered, after redirects
  std::map<std::string, std::string> headers;  // names in lower case; the last of each
  std::string body;
};

class HttpFetcher {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<HttpAnswer>)>;

  // The loop outlives the fetcher and runs nothing any more once it is gone.
  HttpFetcher(EventLoop& loop, HttpTrust trust);
  // Gives up what is under way: it is not answered.
  ~HttpFetcher();
  HttpFetcher(const HttpFetcher&) = delete;
  HttpFetcher& operator=(const HttpFetcher&) = delete;

  // Loop thread. `done` is called on the loop, later: with the answer, whatever its status, or with
  // why there is none: DeadlineExceeded, ResourceExhausted (too large, too many redirects), what
  // `allows` says, or Unavailable.
  void Fetch(HttpQuestion question, Done done);

 private:
  class Worker;
  void Finish(uint64_t id, absl::StatusOr<HttpAnswer> answer);

  EventLoop& loop_;
  const HttpTrust trust_;
  uint64_t last_id_ = 0;  // loop thread, as the next two
  absl::flat_hash_map<uint64_t, Done> waiting_;
  std::unique_ptr<Worker> worker_;  // from the first request on
};

}  // namespace lockstep::coordinator
