// Many requests at once, as `http.batch` makes them: up to one limit in all, and up to another for
// each host. Knows no V8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"

#include "agent/http/call.h"

namespace lockstep::agent {

class HttpBatch {
 public:
  // Results in the order of `specs`.
  using Done = absl::AnyInvocable<void(std::vector<HttpCallResult>)>;

  struct Limits {
    int64_t total = 20;
    int64_t per_host = 6;
  };

  // Limits below 1 mean no limit. Destroying a batch abandons what still runs.
  HttpBatch(HttpCallEnv& env, std::vector<HttpCallSpec> specs, Limits limits);

  // Must not be called if `specs` was empty. `done` is called once, on the loop, in a later turn.
  void Start(Done done);

 private:
  struct Item {
    HttpCallSpec spec;
    std::string host;
    bool started = false;
    std::unique_ptr<HttpCall> call;
  };

  // Starts what the limits allow.
  void Fill();
  void OnDone(size_t index, HttpCallResult& result);

  HttpCallEnv& env_;
  const Limits limits_;
  std::vector<Item> items_;
  std::vector<HttpCallResult> results_;
  absl::flat_hash_map<std::string, int64_t> running_per_host_;
  int64_t running_ = 0;
  size_t finished_ = 0;
  size_t first_waiting_ = 0;  // all before it have started
  Done done_;
};

}  // namespace lockstep::agent
