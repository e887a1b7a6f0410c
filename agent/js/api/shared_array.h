// What SharedArrays share: per run and process, the elements of each as JSON text, built by the
// first VU that asks. The module `k6/data` makes read-only arrays of them in each VU. Knows no V8.
//
// Thread-safe: all workers of the agent use one store.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::agent {

using SharedElements = std::vector<std::string>;

class SharedArrayStore {
 public:
  // The elements of the array `name`, or null: then the caller is the one to build them, and has to
  // Keep them or to GiveUp. A thread that asks while another one builds waits for it. What is
  // returned lives as long as the store.
  const SharedElements* FindOrClaim(absl::string_view name);
  // Keeps what the caller has built and returns it; what was kept before, if a script builds an
  // array while it builds the same one.
  const SharedElements* Keep(absl::string_view name, SharedElements elements);
  // Building has failed: the next one who asks may try.
  void GiveUp(absl::string_view name);

 private:
  struct Entry {
    std::unique_ptr<const SharedElements> elements;
    std::thread::id builder;  // none: nobody
  };
  Mutex mutex_;
  CondVar settled_;
  absl::flat_hash_map<std::string, Entry> arrays_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
