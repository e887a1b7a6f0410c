#include "common/metrics/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

using Bounds = std::array<double, Histogram::kBucketsPerOctave + 1>;

// 2^(k/256) for k = 0..256 as products of 2^(1/2), 2^(1/4), ..., 2^(1/256). Square roots and
// products are rounded the same way on every machine, pow() and exp2() need not be.
Bounds MakeBounds() {
  std::array<double, 8> roots{};
  double root = 2;
  for (double& each : roots) {
    root = std::sqrt(root);
    each = root;
  }
  Bounds bounds{};
  for (size_t k = 0; k < Histogram::kBucketsPerOctave; ++k) {
    double bound = 1;
    for (size_t bit = 0; bit < roots.size(); ++bit) {
      if ((k >> (7 - bit)) & 1) {
        bound *= roots[bit];
      }
    }
    bounds[k] = bound;
  }
  bounds[Histogram::kBucketsPerOctave] = 2;
  return bounds;
}

const Bounds& OctaveBounds() {
  static const Bounds bounds = MakeBounds();
  return bounds;
}

// By so many of its first bits a mantissa is looked up; none of the steps between them is longer
// than a bucket.
constexpr int kStepBits = 9;
constexpr size_t kSteps = size_t{1} << kStepBits;

// Where the bound is that is not below the beginning of each step.
const std::array<uint16_t, kSteps>& FirstPlaces() {
  static const std::array<uint16_t, kSteps> places = [] {
    std::array<uint16_t, kSteps> first{};
    const Bounds& bounds = OctaveBounds();
    for (size_t step = 0; step < kSteps; ++step) {
      const double begin = 1 + static_cast<double>(step) / kSteps;
      first[step] = static_cast<uint16_t>(std::lower_bound(bounds.begin(), bounds.end(), begin) -
                                          bounds.begin());
    }
    return first;
  }();
  return places;
}

// The octave of a bucket, and its place 1..256 in it.
std::pair<int32_t, size_t> Split(int32_t index) {
  int32_t octave = (index - 1) >> 8;
  return {octave, static_cast<size_t>(index - octave * Histogram::kBucketsPerOctave)};
}

}  // namespace

int32_t Histogram::IndexOf(double value) {
  // As std::frexp, which takes longer than all of the rest.
  constexpr int kMantissaBits = 52;
  constexpr uint64_t kOne = uint64_t{1023} << kMantissaBits;  // the bits of 1.0
  uint64_t bits = std::bit_cast<uint64_t>(value);
  int exponent = static_cast<int>(bits >> kMantissaBits) - 1023;
  if (exponent < -1022) {  // subnormal
    bits = std::bit_cast<uint64_t>(std::ldexp(value, kMantissaBits));
    exponent = static_cast<int>(bits >> kMantissaBits) - 1023 - kMantissaBits;
  }
  const uint64_t fraction = bits & ((uint64_t{1} << kMantissaBits) - 1);
  const auto mantissa = std::bit_cast<double>(fraction | kOne);  // [1, 2)
  // One step on from where the mantissa's first bits lead, or two.
  const Bounds& bounds = OctaveBounds();
  size_t place = FirstPlaces()[fraction >> (kMantissaBits - kStepBits)];
  while (bounds[place] < mantissa) {
    ++place;
  }
  return exponent * kBucketsPerOctave + static_cast<int32_t>(place);
}

double Histogram::Representative(int32_t index) {
  const auto [octave, place] = Split(index);
  const double low = OctaveBounds()[place - 1];
  const double high = OctaveBounds()[place];
  const double value = std::ldexp(2 * low * high / (low + high), octave);
  return std::min(value, std::numeric_limits<double>::max());
}

void Histogram::Add(double value) {
  ++count_;
  if (value > 0) {
    ++positive_[IndexOf(value)];
  } else if (value < 0) {
    ++negative_[IndexOf(-value)];
  } else {
    ++zeros_;
  }
}

void Histogram::Merge(const Histogram& other) {
  for (const auto& [index, count] : other.positive_) {
    positive_[index] += count;
  }
  for (const auto& [index, count] : other.negative_) {
    negative_[index] += count;
  }
  zeros_ += other.zeros_;
  count_ += other.count_;
}

double Histogram::ValueAtRank(uint64_t rank) const {
  uint64_t below = 0;
  for (auto it = negative_.rbegin(); it != negative_.rend(); ++it) {
    below += it->second;
    if (rank < below) {
      return -Representative(it->first);
    }
  }
  below += zeros_;
  if (rank < below) {
    return 0;
  }
  for (const auto& [index, count] : positive_) {
    below += count;
    if (rank < below) {
      return Representative(index);
    }
  }
  return 0;
}

absl::Status Histogram::AddBucket(bool negative, int64_t index, uint64_t count) {
  if (index < kLowestIndex || index > kHighestIndex) {
    return absl::InvalidArgumentError(absl::StrCat("histogram bucket ", index, " is outside [",
                                                   kLowestIndex, ", ", kHighestIndex, "]"));
  }
  if (count == 0 || count > std::numeric_limits<uint64_t>::max() / 2 - count_) {
    return absl::InvalidArgumentError(
        absl::StrCat("histogram bucket ", index, " has the count ", count));
  }
  (negative ? negative_ : positive_)[static_cast<int32_t>(index)] += count;
  count_ += count;
  return absl::OkStatus();
}

absl::Status Histogram::AddZeros(uint64_t count) {
  if (count > std::numeric_limits<uint64_t>::max() / 2 - count_) {
    return absl::InvalidArgumentError(absl::StrCat("histogram has ", count, " zeros"));
  }
  zeros_ += count;
  count_ += count;
  return absl::OkStatus();
}

}  // namespace lockstep
