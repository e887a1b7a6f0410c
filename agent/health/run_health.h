// What workers note about themselves while a run is being measured: plain sums that the conductor
// reads. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "lockstep/v1/health.pb.h"

#include "common/health/lag.h"

namespace lockstep::agent {

class RunHealth {
 public:
  // Forgets everything, and takes notes until Stop.
  void Start();
  void Stop() { measuring_.store(false, std::memory_order_relaxed); }

  // The following do nothing while nothing is measured. A loop had its turn `delay` after that was
  // due.
  void LoopLag(absl::Duration delay);
  // A worker was ready to run, and waited for a processor.
  void Waited(absl::Duration time);
  // A worker took no events for `delay`, kLongDelay or more; its thread computed for `computing` of
  // that.
  void Held(absl::Duration delay, absl::Duration computing);
  void Collected(absl::Duration pause);
  // A connection failed for want of a local port or a descriptor.
  void SocketRefused();
  // An iteration kept its worker for too long, and was interrupted.
  void Blocked();

  bool measuring() const { return measuring_.load(std::memory_order_relaxed); }
  // Sets loop_lag, waited_s, held_s, computing_s, the collections, sockets_refused and blocks.
  void Fill(v1::Health* health) const;

 private:
  std::atomic<bool> measuring_ = false;
  LagRecorder loop_lag_;
  std::atomic<int64_t> waited_ns_ = 0;
  std::atomic<int64_t> held_ns_ = 0;
  std::atomic<int64_t> computing_ns_ = 0;
  std::atomic<int64_t> collections_ = 0;
  std::atomic<int64_t> collecting_ns_ = 0;
  std::atomic<int64_t> longest_collection_ns_ = 0;
  std::atomic<int64_t> sockets_refused_ = 0;
  std::atomic<int64_t> blocks_ = 0;
};

}  // namespace lockstep::agent
