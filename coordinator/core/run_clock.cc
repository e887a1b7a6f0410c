#include "coordinator/core/run_clock.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace lockstep::coordinator {

namespace {

// An agent that has handed over nothing for longer had nothing to say.
constexpr absl::Duration kSilent = absl::Milliseconds(1500);

}  // namespace

absl::Duration MeasuredOf(const RunCheckpoint& saved, MonoTime kept) {
  absl::Time latest;
  for (const RunMember& member : saved.members) {
    latest = std::max(latest, member.kept_until);
  }
  if (!saved.drained_at.infinite() || latest == absl::Time()) {
    return std::max(std::min(kept, saved.drained_at) - saved.t0, absl::ZeroDuration());
  }
  absl::Time until = latest;
  for (const RunMember& member : saved.members) {
    const bool goes_on = !member.lost && member.step < RunMember::Step::kDrained;
    if (goes_on && member.kept_until >= latest - kSilent) {
      until = std::min(until, member.kept_until);
    }
  }
  return std::max(until - absl::FromUnixNanos(saved.t0_wall_ns), absl::ZeroDuration());
}

absl::Duration RunClock::Lead() const {
  const absl::Duration lead = absl::Milliseconds(3 * roster_.SlowestRoundTripMs()) +
                              absl::Milliseconds(roster_.members().size() > 1 ? 10 : 1) +
                              held_back_;
  return std::min(lead, absl::Seconds(5));
}

absl::Duration RunClock::ChooseT0() {
  const absl::Duration lead = Lead();
  t0_ = clock_.Mono() + lead;
  t0_wall_ns_ = absl::ToUnixNanos(clock_.Wall() + lead);
  return lead;
}

v1::CoordinatorMessage RunClock::StartMessage() const {
  v1::CoordinatorMessage message;
  message.mutable_start()->set_t0_coordinator_mono_ns(t0_.nanos());
  message.mutable_start()->set_t0_wall_unix_ns(t0_wall_ns_);
  return message;
}

void RunClock::AllHaveDrained() {
  drained_at_ = std::min(drained_at_, clock_.Mono());
}

absl::Duration RunClock::elapsed() const {
  if (t0_.infinite()) {
    return absl::ZeroDuration();
  }
  const MonoTime until = std::min(clock_.Mono(), drained_at_);
  return std::max(until - t0_, absl::ZeroDuration());
}

absl::Duration RunClock::measured() const {
  if (!t0_.infinite() || setup_began_.infinite()) {
    return elapsed();
  }
  return std::min(clock_.Mono(), drained_at_) - setup_began_;
}

absl::Time RunClock::began() const {
  if (!t0_.infinite()) {
    return absl::FromUnixNanos(t0_wall_ns_);
  }
  const MonoTime now = clock_.Mono();
  return clock_.Wall() - (now - std::min(now, setup_began_));
}

void RunClock::ReportStartSkew(Logger& logger) {
  if (skew_reported_ || roster_.members().size() < 2 ||
      !roster_.AllPresent([](const RunMember& m) { return m.progress.start_lateness_ns() > 0; })) {
    return;
  }
  skew_reported_ = true;
  double latest = 0;
  for (const RunMember& member : roster_.members()) {
    if (!member.lost) {
      latest = std::max(latest, static_cast<double>(member.progress.start_lateness_ns()) / 1e6);
    }
  }
  logger.Info(absl::StrFormat(
      "all agents started within %.2f ms of the common start; clocks are known to +-%.2f ms",
      latest, roster_.SlowestRoundTripMs() / 2));
}

void RunClock::SaveTo(RunCheckpoint& saved) const {
  saved.t0 = t0_;
  saved.t0_wall_ns = t0_wall_ns_;
  saved.setup_began = setup_began_;
  saved.drained_at = drained_at_;
  saved.skew_reported = skew_reported_;
}

void RunClock::Restore(const RunCheckpoint& saved) {
  t0_ = saved.t0;
  t0_wall_ns_ = saved.t0_wall_ns;
  setup_began_ = saved.setup_began;
  drained_at_ = saved.drained_at;
  skew_reported_ = saved.skew_reported;
}

}  // namespace lockstep::coordinator
