#include "coordinator/core/standstill_watch.h"

#include <utility>

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kBeat = absl::Milliseconds(250);
// That are told one by one.
constexpr size_t kMostStandstills = 10;

}  // namespace

void StandstillWatch::Begin() {
  last_beat_ = run_clock_.t0();
  Beat();
}

void StandstillWatch::Beat() {
  if (phase_.state() != v1::RunStatus::RUNNING && phase_.state() != v1::RunStatus::DRAINING) {
    return;
  }
  const MonoTime now = clock_.Mono();
  const absl::Duration gap = now - last_beat_;
  const bool restart = std::exchange(restored_, false);
  if (gap >= kStandstill && standstills_.size() < kMostStandstills) {
    standstills_.push_back({.after = now - run_clock_.t0(), .length = gap, .restart = restart});
  }
  last_beat_ = now;
  timer_.After(kBeat, [this] { Beat(); });
}

void StandstillWatch::SaveTo(RunCheckpoint& saved) const {
  saved.last_beat = last_beat_;
  saved.standstills = standstills_;
}

void StandstillWatch::Restore(const RunCheckpoint& saved) {
  restored_ = true;
  last_beat_ = saved.last_beat;
  standstills_ = saved.standstills;
}

}  // namespace lockstep::coordinator
