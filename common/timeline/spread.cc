#include "common/timeline/spread.h"

#include <algorithm>
#include <cmath>

#include "common/metrics/histogram.h"

namespace lockstep {
namespace {

constexpr int kFine = Histogram::kBucketsPerOctave / Spread::kPerOctave;

// Of a fine bucket: the upper bounds of every 16th of them are bounds here.
int32_t CoarseOf(int32_t fine) {
  return fine >= 0 ? (fine + kFine - 1) / kFine : -(-fine / kFine);
}

void Append(int32_t index, uint64_t count, Spread::Buckets* buckets) {
  if (!buckets->empty() && buckets->back().first == index) {
    buckets->back().second += count;
  } else {
    buckets->emplace_back(index, count);
  }
}

// Both ascending.
Spread::Buckets Merged(const Spread::Buckets& a, const Spread::Buckets& b) {
  Spread::Buckets merged;
  merged.reserve(a.size() + b.size());
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    const bool take_left = right == b.end() || (left != a.end() && left->first <= right->first);
    const auto& next = take_left ? *left++ : *right++;
    Append(next.first, next.second, &merged);
  }
  return merged;
}

}  // namespace

void Spread::Add(const Trend& trend) {
  if (trend.count() == 0) {
    return;
  }
  const double max = trend.max();
  max_ = count_ == 0 ? max : std::max(max_, max);
  count_ += trend.count();
  if (trend.exact()) {
    for (const double value : trend.SortedValues()) {
      sum_ += value;
      Count(value > 0 ? CoarseOf(Histogram::IndexOf(value)) : kZero, 1);
    }
    return;
  }
  sum_ += trend.sum();
  const Histogram histogram = trend.ToFolded().histogram;
  uint64_t below = histogram.zeros();
  for (const auto& [index, count] : histogram.negative()) {
    below += count;
  }
  Count(kZero, below);
  for (const auto& [index, count] : histogram.positive()) {
    Count(CoarseOf(index), count);
  }
}

void Spread::Count(int32_t index, uint64_t count) {
  const auto place =
      std::lower_bound(buckets_.begin(), buckets_.end(), index,
                       [](const auto& bucket, int32_t wanted) { return bucket.first < wanted; });
  if (place != buckets_.end() && place->first == index) {
    place->second += count;
  } else if (count > 0) {
    buckets_.insert(place, {index, count});
  }
}

void Spread::Merge(const Spread& other) {
  if (other.count_ == 0) {
    return;
  }
  max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
  buckets_ = buckets_.empty() ? other.buckets_ : Merged(buckets_, other.buckets_);
}

double Spread::Percentile(double fraction) const {
  if (count_ == 0) {
    return 0;
  }
  const double rank = fraction * static_cast<double>(count_ - 1);
  double before = 0;
  for (const auto& [index, count] : buckets_) {
    const auto here = static_cast<double>(count);
    if (rank < before + here) {
      if (index == kZero) {
        return 0;
      }
      const double place = (rank - before + 0.5) / here;
      const double value = std::exp2((index - 1 + std::min(place, 1.0)) / kPerOctave);
      return std::min(value, max_);
    }
    before += here;
  }
  return max_;
}

}  // namespace lockstep
