#include "agent/exec/ramping_vus.h"

#include <algorithm>
#include <utility>

namespace lockstep::agent {

RampingVus::RampingVus(ExecutorContext context, const RampingVusConfig& config)
    : WantedVus(std::move(context)),
      graceful_ramp_down_(config.graceful_ramp_down),
      steps_(context_.plan.ramp) {}

void RampingVus::Start(MonoTime start) {
  start_ = start;
  Open(start);
  Step();
}

void RampingVus::Step() {
  while (next_step_ < steps_.size() && start_ + steps_[next_step_].at <= now()) {
    const VuStep& step = steps_[next_step_++];
    handles().Want(step.vus, start_ + step.at + graceful_ramp_down_);
  }
  if (next_step_ < steps_.size()) {
    timer_.At(start_ + steps_[next_step_].at, [this] { Step(); });
  }
}

// The steps are other ones now: of those that have come only the last one counts.
void RampingVus::Redivide(absl::Duration /*offset*/) {
  timer_.Cancel();
  if (ended()) {
    return;
  }
  const auto next = std::find_if(steps_.begin(), steps_.end(),
                                 [this](const VuStep& step) { return start_ + step.at > now(); });
  next_step_ = static_cast<size_t>(next - steps_.begin());
  handles().Want(next_step_ == 0 ? 0 : steps_[next_step_ - 1].vus, now() + graceful_ramp_down_);
  Step();
}

void RampingVus::EndStarts(EndOfStarts why) {
  timer_.Cancel();
  if (why == EndOfStarts::kTimeIsUp) {
    Step();  // one that falls on the very end: VUs that go there have gracefulRampDown, not
             // gracefulStop
  }
  WantedVus::EndStarts(why);
}

}  // namespace lockstep::agent
