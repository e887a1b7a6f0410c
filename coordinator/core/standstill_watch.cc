#include "coordinator/core/standstill_watch.h"

#include <utility>

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kBeat = absl::Milliseconds(250);
// That are told one by one.
constexpr size_t kMostStandstills = 10;

}  // namespace

void StandstillWatch::Begin() {
  state_.last_beat = run_clock_.t0();
  Beat();
}

void StandstillWatch::Beat() {
  if (phase_.state() != v1::RunStatus::RUNNING && phase_.state() != v1::RunStatus::DRAINING) {
    return;
  }
  const MonoTime now = clock_.Mono();
  const absl::Duration gap = now - state_.last_beat;
  const bool restart = std::exchange(restored_, false);
  if (gap >= kStandstill && state_.standstills.size() < kMostStandstills) {
    state_.standstills.push_back(
        {.after = now - run_clock_.t0(), .length = gap, .restart = restart});
  }
  state_.last_beat = now;
  timer_.After(kBeat, [this] { Beat(); });
}

}  // namespace lockstep::coordinator
