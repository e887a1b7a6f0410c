#include "agent/js/api/shared_array.h"

#include <utility>

namespace lockstep::agent {

const SharedElements* SharedArrayStore::FindOrClaim(absl::string_view name) {
  const std::thread::id self = std::this_thread::get_id();
  const MutexLock lock(mutex_);
  for (;;) {
    Entry& entry = arrays_[std::string(name)];
    if (entry.elements != nullptr) {
      return entry.elements.get();
    }
    if (entry.builder == std::thread::id() || entry.builder == self) {
      entry.builder = self;
      return nullptr;
    }
    settled_.Wait(mutex_);
  }
}

const SharedElements* SharedArrayStore::Keep(absl::string_view name, SharedElements elements) {
  const MutexLock lock(mutex_);
  Entry& entry = arrays_[std::string(name)];
  if (entry.elements == nullptr) {
    entry.elements = std::make_unique<const SharedElements>(std::move(elements));
  }
  entry.builder = std::thread::id();
  settled_.NotifyAll();
  return entry.elements.get();
}

void SharedArrayStore::GiveUp(absl::string_view name) {
  const MutexLock lock(mutex_);
  arrays_[std::string(name)].builder = std::thread::id();
  settled_.NotifyAll();
}

}  // namespace lockstep::agent
