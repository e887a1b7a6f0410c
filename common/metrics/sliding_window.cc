#include "common/metrics/sliding_window.h"

#include <utility>

namespace lockstep {

void SlidingWindow::Push(absl::Duration at, Aggregate slice) {
  samples_ += slice.count();
  // Half a second less, so that the jitter of cuts a second apart does not double a slice.
  const absl::Duration least = length_ / kSlices - absl::Milliseconds(500);
  const bool coarse = !slices_.empty() && slices_.back().end - slices_.back().begin < least;
  if (coarse) {
    slices_.back().aggregate.Merge(slice);
    slices_.back().end = at;
  } else {
    slices_.push_back({.begin = last_, .end = at, .aggregate = std::move(slice)});
  }
  if (type_ == MetricType::kTrend && samples_ > Trend::kExactLimit) {
    slices_.back().aggregate.trend().Compact();
  }
  last_ = at;
  while (slices_.size() > 1 && NearerWithoutOldest()) {
    samples_ -= slices_.front().aggregate.count();
    slices_.pop_front();
  }
}

bool SlidingWindow::NearerWithoutOldest() const {
  const absl::Duration without = last_ - slices_.front().end;
  return absl::AbsDuration(without - length_) <= absl::AbsDuration(covered() - length_);
}

Aggregate SlidingWindow::Value() const {
  Aggregate all(type_);
  for (const Slice& slice : slices_) {
    all.Merge(slice.aggregate);
  }
  return all;
}

absl::Duration SlidingWindow::covered() const {
  return slices_.empty() ? absl::ZeroDuration() : last_ - slices_.front().begin;
}

}  // namespace lockstep
