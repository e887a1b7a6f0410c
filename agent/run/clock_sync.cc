#include "agent/run/clock_sync.h"

namespace lockstep::agent {

// Quartz drifts by up to 50 parts per million: 3 ms a minute. Older probes would be worth less than
// their round trip.
constexpr absl::Duration kMaxAge = absl::Seconds(60);
constexpr size_t kMaxProbes = 64;

void ClockSync::Add(MonoTime sent, Answer answer, MonoTime received, absl::Time wall) {
  if (received < sent) {
    return;
  }
  absl::Duration round_trip = received - sent;
  MonoTime middle = sent + round_trip / 2;
  Estimate estimate{.offset = MonoTime::FromNanos(answer.coordinator_mono_ns) - middle,
                    .round_trip = round_trip};
  if (answer.coordinator_wall_unix_ns != 0) {
    estimate.wall_offset =
        absl::FromUnixNanos(answer.coordinator_wall_unix_ns) - (wall - round_trip / 2);
  }
  probes_.push_back({received, estimate});
  while (probes_.size() > kMaxProbes || received - probes_.front().received > kMaxAge) {
    probes_.pop_front();
  }
}

std::optional<ClockSync::Estimate> ClockSync::best() const {
  std::optional<Estimate> best;
  for (const Probe& probe : probes_) {
    if (!best.has_value() || probe.estimate.round_trip < best->round_trip) {
      best = probe.estimate;
    }
  }
  return best;
}

MonoTime ClockSync::ToLocal(int64_t coordinator_mono_ns) const {
  std::optional<Estimate> estimate = best();
  return MonoTime::FromNanos(coordinator_mono_ns) -
         (estimate.has_value() ? estimate->offset : absl::ZeroDuration());
}

}  // namespace lockstep::agent
