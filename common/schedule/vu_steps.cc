#include "common/schedule/vu_steps.h"

#include <algorithm>
#include <deque>

#include "absl/numeric/int128.h"

namespace lockstep {
namespace {

// d * part / whole, rounded down to nanoseconds.
absl::Duration PartOf(absl::Duration d, int64_t part, int64_t whole) {
  const absl::int128 nanos = absl::int128(absl::ToInt64Nanoseconds(d)) * part / whole;
  return absl::Nanoseconds(static_cast<int64_t>(nanos));
}

// VUs that were ramped down and may still be at work.
class PendingReleases {
 public:
  // At `at`, all VUs beyond `vus` go.
  void Add(absl::Duration at, int64_t vus) { releases_.push_back({at, vus}); }
  // There are `vus` again: those among them that were to go stay.
  void Recall(int64_t vus) {
    if (releases_.empty() || releases_.back().vus >= vus) {
      return;
    }
    absl::Duration earliest = releases_.back().at;
    while (!releases_.empty() && releases_.back().vus < vus) {
      earliest = releases_.back().at;
      releases_.pop_back();
    }
    releases_.push_back({earliest, vus});
  }
  // Appends the releases up to `now` to `steps`.
  void ReleaseUntil(absl::Duration now, std::vector<VuStep>* steps) {
    while (!releases_.empty() && releases_.front().at <= now) {
      AppendVuStep({releases_.front().at, std::min(steps->back().vus, releases_.front().vus)},
                   steps);
      releases_.pop_front();
    }
  }

 private:
  std::deque<VuStep> releases_;  // increasing in time, decreasing in VUs
};

}  // namespace

void AppendVuStep(VuStep step, std::vector<VuStep>* steps) {
  if (!steps->empty() && steps->back().at == step.at) {
    steps->pop_back();
  }
  if (steps->empty() || steps->back().vus != step.vus) {
    steps->push_back(step);
  }
}

std::vector<VuStep> RampingVuSteps(int64_t start_vus, const std::vector<LinearStage>& stages,
                                   const SegmentTuple& segment) {
  std::vector<VuStep> steps = {{absl::ZeroDuration(), segment.Scale(start_vus)}};
  int64_t from = start_vus;
  absl::Duration start;
  for (const LinearStage& stage : stages) {
    const int64_t before = segment.Scale(from);
    const int64_t after = segment.Scale(stage.target);
    if (stage.duration == absl::ZeroDuration()) {
      AppendVuStep({start, after}, &steps);
    }
    const bool ramps = stage.duration > absl::ZeroDuration();
    for (int64_t mine = before; ramps && mine < after; ++mine) {
      const int64_t number = segment.Unscale(mine) + 1;
      AppendVuStep({start + PartOf(stage.duration, number - from, stage.target - from), mine + 1},
                   &steps);
    }
    for (int64_t mine = before - 1; ramps && mine >= after; --mine) {
      const int64_t number = segment.Unscale(mine) + 1;
      AppendVuStep({start + PartOf(stage.duration, from - number + 1, from - stage.target), mine},
                   &steps);
    }
    start += stage.duration;
    from = stage.target;
  }
  return steps;
}

std::vector<VuStep> ReservedVuSteps(const std::vector<VuStep>& steps, absl::Duration duration,
                                    absl::Duration graceful_ramp_down,
                                    absl::Duration graceful_stop) {
  const absl::Duration end = duration + graceful_stop;
  std::vector<VuStep> reserved = {{absl::ZeroDuration(), 0}};
  PendingReleases pending;
  int64_t wanted = 0;
  for (const VuStep& step : steps) {
    pending.ReleaseUntil(step.at, &reserved);
    if (step.vus < wanted) {
      pending.Add(step.at + graceful_ramp_down, step.vus);
      pending.ReleaseUntil(step.at, &reserved);
    } else {
      pending.Recall(step.vus);
      AppendVuStep({step.at, std::max(reserved.back().vus, step.vus)}, &reserved);
    }
    wanted = step.vus;
  }
  pending.ReleaseUntil(end, &reserved);
  while (!reserved.empty() && reserved.back().at >= end) {
    reserved.pop_back();
  }
  AppendVuStep({end, 0}, &reserved);
  return reserved;
}

int64_t MaxVus(const std::vector<VuStep>& steps) {
  int64_t most = 0;
  for (const VuStep& step : steps) {
    most = std::max(most, step.vus);
  }
  return most;
}

}  // namespace lockstep
