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
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::agent {

template <class T>
class OnceMap {
 public:
  // The thing called `name`, which `make` makes, as absl::StatusOr<std::unique_ptr<T>>, where
  // nobody has done so; its error is returned, and whoever asks next may try. A thread that asks
  // while another one makes it waits. What is returned lives as long as the map.
  template <typename Make>
  absl::StatusOr<T*> FindOrMake(absl::string_view name, const Make& make) {
    if (T* const known = FindOrClaim(name)) {
      return known;
    }
    absl::StatusOr<std::unique_ptr<T>> made = make();
    if (!made.ok()) {
      GiveUp(name);
      return made.status();
    }
    return Keep(name, *std::move(made));
  }
  // The thing called `name`, or null if nobody has made it yet.
  T* Find(absl::string_view name) {
    const MutexLock lock(mutex_);
    const auto found = things_.find(name);
    return found == things_.end() ? nullptr : found->second.thing.get();
  }

 private:
  struct Entry {
    std::unique_ptr<T> thing;
    std::thread::id builder;  // none: nobody
  };
  // Null: it is up to the caller to Keep it, or to GiveUp.
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
  // Returns what is kept: what was before, if a script makes a thing while it is making that very
  // thing.
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
  void GiveUp(absl::string_view name) {
    const MutexLock lock(mutex_);
    things_[std::string(name)].builder = std::thread::id();
    settled_.NotifyAll();
  }

  Mutex mutex_;
  CondVar settled_;
  absl::flat_hash_map<std::string, Entry> things_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
