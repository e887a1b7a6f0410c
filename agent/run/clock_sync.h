// How far the coordinator's monotonic clock is from ours, as probes over the control stream tell.
// The answer to a probe was written somewhere between sending and receiving it; the middle is
// accurate to half the round trip, so the probe with the smallest round trip wins. Clocks drift, so
// old probes are forgotten. Loop-bound; owns no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "common/base/clock.h"

namespace lockstep::agent {

class ClockSync {
 public:
  struct Estimate {
    absl::Duration offset;      // coordinator's clock minus ours
    absl::Duration round_trip;  // of the probe behind it; the error is at most half of it
    // Coordinator's wall clock minus ours; zero if it was not told.
    absl::Duration wall_offset = absl::ZeroDuration();
  };

  struct Answer {
    int64_t coordinator_mono_ns = 0;
    int64_t coordinator_wall_unix_ns = 0;  // 0: not told
  };
  // A probe was sent at `sent`, its answer carries the coordinator's time and came at `received`,
  // when our wall clock showed `wall`. Ignored when `received` is before `sent`.
  void Add(MonoTime sent, Answer answer, MonoTime received, absl::Time wall);
  std::optional<Estimate> best() const;
  // The instant on our clock at which the coordinator's shows `coordinator_mono_ns`. Without a
  // probe, the two clocks are taken to be the same, which is true on one machine.
  MonoTime ToLocal(int64_t coordinator_mono_ns) const;

 private:
  struct Probe {
    MonoTime received;
    Estimate estimate;
  };
  std::deque<Probe> probes_;
};

}  // namespace lockstep::agent
