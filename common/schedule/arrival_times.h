// When the iterations of an arrival-rate scenario start: instant n is a function of n, never a sum
// of intervals, so that nothing drifts and any part of the starts can be computed without the
// others.
//
// How many starts there are is decided in exact integers; only the instants on a ramp need a square
// root. Called by the planner (dry run) and by the executors. Pure values: no clock, no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/schedule/stage.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

class ArrivalTimes {
 public:
  // `rate` starts per `time_unit`, evenly spaced, the first at zero and all before `duration`. rate
  // >= 0, time_unit > 0, duration >= 0 and finite, and at most 2^62 starts; else InvalidArgument,
  // naming what is wrong.
  static absl::StatusOr<ArrivalTimes> Constant(int64_t rate, absl::Duration time_unit,
                                               absl::Duration duration);
  // From `start_rate` through the stages' targets, all per `time_unit`: a start whenever the area
  // under the rate line reaches a whole number, fractions carried from stage to stage. So there is
  // no start at zero, and there is one at the very end if the area is whole. Errors as above.
  static absl::StatusOr<ArrivalTimes> Ramping(int64_t start_rate, absl::Duration time_unit,
                                              const std::vector<LinearStage>& stages);

  // Starts in the whole test.
  int64_t total() const { return total_; }
  // Offset of start `index` (from 0, < total()) from the scenario's start. O(log stages).
  absl::Duration StartOf(int64_t index) const;
  // How many starts are before `offset`: the index of the first one at it or later. O(log total).
  int64_t CountBefore(absl::Duration offset) const;
  // Sum of the stages' durations.
  absl::Duration duration() const { return absl::Nanoseconds(stages_.back().end_ns); }
  // The wanted rate at `offset`, in iterations per second, for display. Outside of the schedule:
  // that of its nearer end.
  double RatePerSecondAt(absl::Duration offset) const;

 private:
  // A stage with everything before it added up. Areas are in units of 1 / (2 * time_unit_ns) of a
  // start.
  struct StageSum {
    int64_t start_ns;
    int64_t end_ns;
    int64_t from;
    int64_t to;
    absl::int128 area_before;
    absl::int128 area_after;
  };

  ArrivalTimes() = default;
  static absl::StatusOr<ArrivalTimes> Make(int64_t start_rate, absl::Duration time_unit,
                                           const std::vector<LinearStage>& stages);

  int64_t time_unit_ns_ = 1;
  int64_t area_of_first_ = 0;  // in starts: 0 if the first one is at zero, else 1
  int64_t total_ = 0;
  std::vector<StageSum> stages_;  // at least one
};

// One instance's part of the starts, in order. Merged over all instances, they are exactly those of
// the whole.
class SegmentArrivals {
 public:
  struct Start {
    int64_t in_instance = 0;  // from 0, among this instance's
    int64_t in_test = 0;      // from 0, among the whole test's
    absl::Duration at;
  };

  // `times` must outlive this. `segment` divides the starts from `first` on: the tuple after
  // Retuple(maxVUs).
  SegmentArrivals(const ArrivalTimes& times, SegmentTuple segment, int64_t first = 0);

  // This instance's number of starts.
  int64_t total() const { return total_; }
  // The next start, or nothing when there are no more.
  std::optional<Start> Next();

 private:
  const ArrivalTimes* times_;
  SegmentTuple segment_;
  int64_t first_;
  int64_t total_;
  int64_t next_ = 0;
};

}  // namespace lockstep
