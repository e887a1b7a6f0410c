#include "coordinator/core/run_clock.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace lockstep::coordinator {

absl::Duration RunClock::Lead() const {
  const absl::Duration lead = absl::Milliseconds(3 * roster_.SlowestRoundTripMs()) +
                              absl::Milliseconds(roster_.members().size() > 1 ? 10 : 1) +
                              held_back_;
  return std::min(lead, absl::Seconds(5));
}

absl::Duration RunClock::ChooseT0() {
  const absl::Duration lead = Lead();
  state_.t0 = clock_.Mono() + lead;
  state_.t0_wall_ns = absl::ToUnixNanos(clock_.Wall() + lead);
  return lead;
}

v1::CoordinatorMessage RunClock::StartMessage() const {
  v1::CoordinatorMessage message;
  message.mutable_start()->set_t0_coordinator_mono_ns(state_.t0.nanos());
  message.mutable_start()->set_t0_wall_unix_ns(state_.t0_wall_ns);
  return message;
}

void RunClock::AllHaveDrained() {
  state_.drained_at = std::min(state_.drained_at, clock_.Mono());
}

absl::Duration RunClock::elapsed() const {
  if (state_.t0.infinite()) {
    return absl::ZeroDuration();
  }
  const MonoTime until = std::min(clock_.Mono(), state_.drained_at);
  return std::max(until - state_.t0, absl::ZeroDuration());
}

absl::Duration RunClock::measured() const {
  if (!state_.t0.infinite() || state_.setup_began.infinite()) {
    return elapsed();
  }
  return std::min(clock_.Mono(), state_.drained_at) - state_.setup_began;
}

absl::Time RunClock::began() const {
  if (!state_.t0.infinite()) {
    return absl::FromUnixNanos(state_.t0_wall_ns);
  }
  const MonoTime now = clock_.Mono();
  return clock_.Wall() - (now - std::min(now, state_.setup_began));
}

void RunClock::ReportStartSkew(Logger& logger) {
  if (state_.skew_reported) {
    return;
  }
  size_t reported = 0;
  int64_t latest_ns = 0;
  for (const RunMember& member : roster_.members()) {
    if (member.lost || member.joined_late != 0) {
      continue;  // only those who are there from the start
    }
    const int64_t late_ns = member.progress.start_lateness_ns();
    if (late_ns <= 0) {
      return;
    }
    ++reported;
    latest_ns = std::max(latest_ns, late_ns);
  }
  if (reported < 2) {
    return;
  }
  state_.skew_reported = true;
  logger.Info(absl::StrFormat(
      "all agents started within %.2f ms of the common start; clocks are known to +-%.2f ms",
      static_cast<double>(latest_ns) / 1e6, roster_.SlowestRoundTripMs() / 2));
}

}  // namespace lockstep::coordinator
