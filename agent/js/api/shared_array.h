// What SharedArrays share: per run and process, the elements of each as JSON text, built by the
// first VU that asks. The module `k6/data` makes read-only arrays of them in each VU. Knows no V8.
//
// Thread-safe: all workers of the agent use one store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::agent {

using SharedElements = std::vector<std::string>;

class SharedArrayStore {
 public:
  // The elements of the array `name`, or null if nobody has built them yet.
  const SharedElements* Find(absl::string_view name);
  // Keeps `elements` under `name`, unless another VU was quicker; returns what is kept, which lives
  // as long as the store.
  const SharedElements* Keep(absl::string_view name, SharedElements elements);

 private:
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<const SharedElements>> arrays_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
