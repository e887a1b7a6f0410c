#include "common/health/lag.h"

#include <algorithm>
#include <cmath>

namespace lockstep {
namespace {

constexpr double kBucketsPerOctave = 4;

size_t BucketOf(int64_t nanos) {
  if (nanos <= 1000) {
    return 0;
  }
  // A bound that the logarithm hits by a rounding error too high stays in its bucket.
  const double exact = kBucketsPerOctave * std::log2(static_cast<double>(nanos) / 1000);
  return std::min(kLagBuckets - 1, static_cast<size_t>(std::ceil(exact - 1e-9)));
}

absl::Duration UpperBound(size_t bucket) {
  return absl::Nanoseconds(
      std::llround(1000 * std::exp2(static_cast<double>(bucket) / kBucketsPerOctave)));
}

}  // namespace

void LagRecorder::Add(absl::Duration delay, uint64_t times) {
  const int64_t nanos = std::max<int64_t>(0, absl::ToInt64Nanoseconds(delay));
  counts_[BucketOf(nanos)].fetch_add(times, std::memory_order_relaxed);
  int64_t most = max_ns_.load(std::memory_order_relaxed);
  while (nanos > most && !max_ns_.compare_exchange_weak(most, nanos, std::memory_order_relaxed)) {
  }
}

void LagRecorder::Clear() {
  for (std::atomic<uint64_t>& count : counts_) {
    count.store(0, std::memory_order_relaxed);
  }
  max_ns_.store(0, std::memory_order_relaxed);
}

v1::Lag LagRecorder::Read() const {
  v1::Lag lag;
  for (size_t i = 0; i < kLagBuckets; ++i) {
    const uint64_t count = counts_[i].load(std::memory_order_relaxed);
    if (count > 0) {
      lag.mutable_counts()->Resize(static_cast<int>(i) + 1, 0);
      lag.set_counts(static_cast<int>(i), count);
    }
  }
  lag.set_max_ns(max_ns_.load(std::memory_order_relaxed));
  return lag;
}

void MergeLag(const v1::Lag& other, v1::Lag* lag) {
  if (lag->counts_size() < other.counts_size()) {
    lag->mutable_counts()->Resize(other.counts_size(), 0);
  }
  for (int i = 0; i < other.counts_size(); ++i) {
    lag->set_counts(i, lag->counts(i) + other.counts(i));
  }
  lag->set_max_ns(std::max(lag->max_ns(), other.max_ns()));
}

uint64_t LagCount(const v1::Lag& lag) {
  uint64_t sum = 0;
  for (const uint64_t count : lag.counts()) {
    sum += count;
  }
  return sum;
}

absl::Duration LagPercentile(const v1::Lag& lag, double p) {
  const uint64_t total = LagCount(lag);
  const auto wanted = static_cast<uint64_t>(std::ceil(p * static_cast<double>(total)));
  uint64_t below = 0;
  for (int i = 0; i < lag.counts_size(); ++i) {
    below += lag.counts(i);
    if (below >= wanted && below > 0) {
      return std::min(UpperBound(static_cast<size_t>(i)), absl::Nanoseconds(lag.max_ns()));
    }
  }
  return absl::ZeroDuration();
}

uint64_t LagCountAbove(const v1::Lag& lag, absl::Duration delay) {
  uint64_t above = 0;
  const size_t within = BucketOf(absl::ToInt64Nanoseconds(delay));
  for (int i = static_cast<int>(within) + 1; i < lag.counts_size(); ++i) {
    above += lag.counts(i);
  }
  return above;
}

}  // namespace lockstep
