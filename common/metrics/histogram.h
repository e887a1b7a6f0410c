// A base-2 exponential histogram with 256 buckets an octave: schema 8 of Prometheus native
// histograms, scale 8 of OTLP. Sparse, without a limit of range; merging adds integers. Bucket i
// holds the values in (2^((i-1)/256), 2^(i/256)]; the value that stands for a bucket is off by at
// most 0.136 %.
#pragma once

#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"

namespace lockstep {

class Histogram {
 public:
  static constexpr int kSchema = 8;
  static constexpr int kBucketsPerOctave = 256;
  // The buckets of the smallest and the largest double.
  static constexpr int32_t kLowestIndex = -1074 * kBucketsPerOctave;
  static constexpr int32_t kHighestIndex = 1024 * kBucketsPerOctave;
  using Buckets = absl::btree_map<int32_t, uint64_t>;  // index -> count, never 0

  // The bucket of a finite value > 0. The same on every machine: no function of libm is involved
  // that may round differently.
  static int32_t IndexOf(double value);
  // The value that stands for a bucket: the harmonic mean of its bounds, which halves the worst
  // relative error.
  static double Representative(int32_t index);

  // `value` is finite; negative values count by their magnitude in a second set of buckets.
  void Add(double value);
  void Merge(const Histogram& other);
  // The value of rank `rank` (0 is the smallest), up to the bucket's width; rank < count().
  double ValueAtRank(uint64_t rank) const;

  uint64_t count() const { return count_; }
  uint64_t zeros() const { return zeros_; }
  const Buckets& positive() const { return positive_; }
  const Buckets& negative() const { return negative_; }

  // For what comes off the wire. InvalidArgument names the index or count that is out of range.
  absl::Status AddBucket(bool negative, int64_t index, uint64_t count);
  absl::Status AddZeros(uint64_t count);

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  Buckets positive_;
  Buckets negative_;
  uint64_t zeros_ = 0;
  uint64_t count_ = 0;
};

}  // namespace lockstep
