// How many VUs a ramping-vus scenario wants at which time, and how many it must have reserved for
// that.
//
// A ramp of the whole test goes one VU at a time; an instance sees the steps of its own VUs at the
// very instants at which the whole test takes them, so the instances' steps together are the whole
// plan. Pure values.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

#include "common/schedule/stage.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

// From `at` on (offset from the scenario's start) there are `vus`.
struct VuStep {
  absl::Duration at;
  int64_t vus = 0;
  friend bool operator==(const VuStep&, const VuStep&) = default;
};

// What the stages ask of this instance. In increasing order of time, the first at zero, no two
// alike in a row. With `from` VUs before a stage of length d, VU n of the whole test starts at d *
// (n - from) / (target - from), and on the way down it stops at d * (from - n + 1) / (from -
// target).
std::vector<VuStep> RampingVuSteps(int64_t start_vus, const std::vector<LinearStage>& stages,
                                   const SegmentTuple& segment);

// The VUs to reserve for `steps`, which last for `duration`: a VU that is ramped down may work on
// for `graceful_ramp_down`, one that is there at the end for `graceful_stop`, and none beyond
// duration + graceful_stop, when the last step says zero.
std::vector<VuStep> ReservedVuSteps(const std::vector<VuStep>& steps, absl::Duration duration,
                                    absl::Duration graceful_ramp_down,
                                    absl::Duration graceful_stop);

// The greatest `vus` in `steps`; 0 if there are none.
int64_t MaxVus(const std::vector<VuStep>& steps);

// Appends a step, keeping one step for an instant and none that changes nothing. `at` is not before
// the last one's.
void AppendVuStep(VuStep step, std::vector<VuStep>* steps);

}  // namespace lockstep
