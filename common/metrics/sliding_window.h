// What a metric measured in the last N seconds: the deltas between cuts, kept as long as they are
// young enough, and merged on demand. Exact, as merging is; the granularity is one cut, which for
// thresholds is one batch a second.
//
// Memory is bounded by the window's length and the values' range, not by the samples: there are at
// most about kSlices slices (a window longer than that many seconds gets coarser ones), and trends
// are histograms once the window holds more than Trend::kExactLimit values. Pure.
#pragma once

#include <cstddef>
#include <deque>

#include "absl/time/time.h"

#include "common/metrics/aggregate.h"

namespace lockstep {

class SlidingWindow {
 public:
  static constexpr int kSlices = 300;

  // `length` > 0.
  SlidingWindow(MetricType type, absl::Duration length) : type_(type), length_(length) {}

  // Adds what was measured between the last Push (or 0) and `at`, and drops the oldest slices as
  // long as the rest comes nearer to the length. `at` never decreases.
  void Push(absl::Duration at, Aggregate slice);
  // All slices together. Covers `length`, give or take half a slice.
  Aggregate Value() const;
  // The time from the beginning of the oldest slice to the last Push.
  absl::Duration covered() const;
  // Whether a whole length has passed.
  bool full() const { return last_ >= length_; }
  absl::Duration length() const { return length_; }
  size_t slices() const { return slices_.size(); }

 private:
  struct Slice {
    absl::Duration begin;
    absl::Duration end;
    Aggregate aggregate;
  };

  bool NearerWithoutOldest() const;

  MetricType type_;
  absl::Duration length_;
  absl::Duration last_ = absl::ZeroDuration();
  std::deque<Slice> slices_;  // oldest first; they touch each other
  uint64_t samples_ = 0;      // in all slices
};

}  // namespace lockstep
