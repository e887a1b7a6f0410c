// Things that are built once in a process and shared by all its VUs, by name: whoever asks first
// builds it, and the others wait.
//
// Thread-safe: all workers of the agent use one map.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::agent {

template <class T>
class OnceMap {
 public:
  // The thing called `name`, or null: then it is up to the caller to build it, and to Keep it or
  // GiveUp. A thread that asks while another one builds waits for it. What is returned lives as
  // long as the map.
  T* FindOrClaim(absl::string_view name) {
    const std::thread::id self = std::this_thread::get_id();
    const MutexLock lock(mutex_);
    for (;;) {
      Entry& entry = things_[std::string(name)];
      if (entry.thing != nullptr) {
        return entry.thing.get();
      }
      if (entry.builder == std::thread::id() || entry.builder == self) {
        entry.builder = self;
        return nullptr;
      }
      settled_.Wait(mutex_);
    }
  }
  // The thing called `name`, or null if nobody has built it yet.
  T* Find(absl::string_view name) {
    const MutexLock lock(mutex_);
    const auto found = things_.find(name);
    return found == things_.end() ? nullptr : found->second.thing.get();
  }
  // Keeps what the caller has built, and returns it; or what was kept before, if a script builds a
  // thing while it is building that very thing.
  T* Keep(absl::string_view name, std::unique_ptr<T> thing) {
    const MutexLock lock(mutex_);
    Entry& entry = things_[std::string(name)];
    if (entry.thing == nullptr) {
      entry.thing = std::move(thing);
    }
    entry.builder = std::thread::id();
    settled_.NotifyAll();
    return entry.thing.get();
  }
  // Building has failed: whoever asks next may try.
  void GiveUp(absl::string_view name) {
    const MutexLock lock(mutex_);
    things_[std::string(name)].builder = std::thread::id();
    settled_.NotifyAll();
  }

 private:
  struct Entry {
    std::unique_ptr<T> thing;
    std::thread::id builder;  // none: nobody
  };
  Mutex mutex_;
  CondVar settled_;
  absl::flat_hash_map<std::string, Entry> things_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
