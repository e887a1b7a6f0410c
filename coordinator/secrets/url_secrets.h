// Secrets from a server: each key is asked for once, no faster than the settings allow, and again
// where that may help. Loop-bound.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "common/base/event_loop.h"
#include "common/base/timer.h"
#include "coordinator/fetch/http_fetcher.h"
#include "coordinator/secrets/secret_source.h"

namespace lockstep::coordinator {

class UrlSecrets {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
  static constexpr size_t kMostSecretBytes = size_t{1} << 20;

  // Both are borrowed.
  UrlSecrets(EventLoop& loop, HttpFetcher& fetcher, UrlSecretSettings settings);
  ~UrlSecrets();
  UrlSecrets(const UrlSecrets&) = delete;
  UrlSecrets& operator=(const UrlSecrets&) = delete;

  // `done` is called later: with the secret, or with why there is none.
  void Get(const std::string& key, Done done);

 private:
  struct Asking {
    std::vector<Done> waiting;
    int64_t tries = 0;
  };
  // Asks as many as may be asked now, and comes back for the others.
  void AskWaiting();
  void Ask(const std::string& key);
  void OnAnswer(const std::string& key, absl::StatusOr<HttpAnswer> answer);
  absl::StatusOr<std::string> SecretIn(const HttpAnswer& answer) const;

  EventLoop& loop_;
  HttpFetcher& fetcher_;
  const UrlSecretSettings settings_;
  absl::flat_hash_map<std::string, Asking> asking_;  // by key
  std::deque<std::string> queue_;                    // keys that wait for their turn
  double tokens_;                                    // requests that may be sent at once
  MonoTime counted_;                                 // when tokens_ was right
  Timer turn_timer_{loop_};
  absl::flat_hash_map<std::string, TimerId> retries_;  // by key
};

// The value at a path such as "data.items.0.token"; texts as they are, all else as JSON. NotFound
// if there is none, InvalidArgument if `json` is none.
absl::StatusOr<std::string> ValueAtPath(absl::string_view json, absl::string_view path);

}  // namespace lockstep::coordinator
