// Distributions of delays in fixed buckets, four an octave from 1 µs to more than an hour: cheap to
// record from many threads, to send, and to merge. Percentiles are accurate to 19%, which is enough
// for a verdict.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "lockstep/v1/health.pb.h"

namespace lockstep {

inline constexpr size_t kLagBuckets = 128;
// From here on a delay is more than a few of the scheduler's slices, see judge.h.
inline constexpr absl::Duration kLongDelay = absl::Milliseconds(20);

// Any thread may record; reading takes the counts of a moment, which may be slightly inconsistent
// with one another.
class LagRecorder {
 public:
  // Negative delays count as zero.
  void Add(absl::Duration delay, uint64_t times = 1);
  void Clear();
  v1::Lag Read() const;

 private:
  std::array<std::atomic<uint64_t>, kLagBuckets> counts_{};
  std::atomic<int64_t> max_ns_ = 0;
};

// Adds `other` to `lag`.
void MergeLag(const v1::Lag& other, v1::Lag* lag);
uint64_t LagCount(const v1::Lag& lag);
// The delay that the share `p`, 0 to 1, does not exceed: a bucket's upper bound, but at most the
// longest delay. Zero if there are none.
absl::Duration LagPercentile(const v1::Lag& lag, double p);
// How many are certainly longer than `delay`: those of the buckets above the one it falls into.
uint64_t LagCountAbove(const v1::Lag& lag, absl::Duration delay);

}  // namespace lockstep
