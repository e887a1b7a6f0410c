// Connections that were let in and have made no call yet: most often their owners do not believe
// this coordinator's certificate, which only they can tell.
//
// Belongs to the coordinator's loop.
#pragma once

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"

#include "common/base/event_loop.h"

namespace lockstep::coordinator {

class UncalledPeers {
 public:
  // `loop` is borrowed. `silent` is told of an address that has made no call within ten seconds.
  UncalledPeers(EventLoop& loop, absl::AnyInvocable<void(const std::string& address)> silent)
      : loop_(loop), silent_(std::move(silent)) {}
  ~UncalledPeers() { Clear(); }
  UncalledPeers(const UncalledPeers&) = delete;
  UncalledPeers& operator=(const UncalledPeers&) = delete;

  // It has connected.
  void Add(const std::string& address);
  // It has made a call, or nothing more need be said of its silence.
  void Forget(const std::string& address);
  void Clear();
  // Who was probably refused, in words: whoever judges calls is not told whose they are, but it is
  // one of those who have made none yet. The only one is forgotten with it.
  std::string TakeSuspect();

 private:
  EventLoop& loop_;
  absl::AnyInvocable<void(const std::string&)> silent_;
  absl::flat_hash_map<std::string, TimerId> timers_;  // by address
};

}  // namespace lockstep::coordinator
