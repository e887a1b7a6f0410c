// Stands between the executors of a run and the VU pool. A scenario that begins the moment another
// one ends may ask for VUs that are still being interrupted; the broker lets it wait for them.
// Conductor's loop only.
#pragma once

#include <cstdint>
#include <deque>

#include "absl/functional/any_invocable.h"

#include "agent/exec/vu.h"

namespace lockstep::agent {

class VuBroker {
 public:
  // Gets a VU that the receiver then owns until it calls Give.
  using Receiver = absl::AnyInvocable<void(Vu*)>;

  // `pool` must outlive the broker.
  explicit VuBroker(VuPool& pool) : pool_(pool) {}

  // Calls `receiver` with a free VU, at once if there is one, else when one is given back; first
  // come, first served. A receiver that no longer needs it gives it back.
  void Request(Receiver receiver);
  // Hands back an idle VU: to whoever has waited longest, otherwise to the pool.
  void Give(Vu* vu);
  // Initialises one more VU, see VuPool.
  void InitialiseOne(Receiver receiver) { pool_.InitialiseOne(std::move(receiver)); }
  int64_t initialised() const { return pool_.initialised(); }

 private:
  VuPool& pool_;
  std::deque<Receiver> waiting_;  // empty whenever the pool has a free VU
  std::deque<Vu*> returned_;      // on their way to somebody
  bool giving_ = false;
};

}  // namespace lockstep::agent
