#include "agent/js/api/shared_array.h"

#include <utility>

namespace lockstep::agent {

const SharedElements* SharedArrayStore::Find(absl::string_view name) {
  const MutexLock lock(mutex_);
  const auto known = arrays_.find(name);
  return known == arrays_.end() ? nullptr : known->second.get();
}

const SharedElements* SharedArrayStore::Keep(absl::string_view name, SharedElements elements) {
  const MutexLock lock(mutex_);
  std::unique_ptr<const SharedElements>& kept = arrays_[std::string(name)];
  if (kept == nullptr) {
    kept = std::make_unique<const SharedElements>(std::move(elements));
  }
  return kept.get();
}

}  // namespace lockstep::agent
