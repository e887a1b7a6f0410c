#include "common/metrics/exact_sum.h"

#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

constexpr uint64_t kLimbMask = 0xffffffff;
constexpr int64_t kLimb = int64_t{1} << 32;
// The largest double ends in limb 65; 2^64 samples of it need two more.
constexpr int64_t kMostLimbs = 68;
constexpr uint32_t kMostPending = 1u << 29;

// Makes all limbs but the last fit [0, 2^32) and spreads the last over as many as it needs; a
// negative sum ends in -1.
void Propagate(absl::InlinedVector<int64_t, 4>* limbs) {
  int64_t carry = 0;
  for (int64_t& limb : *limbs) {
    int64_t value = limb + carry;
    carry = value >> 32;
    limb = value - carry * kLimb;
  }
  while (carry != 0 && carry != -1) {
    limbs->push_back(carry & static_cast<int64_t>(kLimbMask));
    carry >>= 32;
  }
  if (carry == -1) {
    limbs->push_back(-1);
  }
}

}  // namespace

void ExactSum::Cover(int32_t first, int32_t count) {
  if (limbs_.empty()) {
    base_ = first;
  }
  if (first < base_) {
    limbs_.insert(limbs_.begin(), static_cast<size_t>(base_ - first), 0);
    base_ = first;
  }
  size_t needed = static_cast<size_t>(first + count - base_);
  if (limbs_.size() < needed) {
    limbs_.resize(needed, 0);
  }
}

void ExactSum::Add(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  int32_t exponent = static_cast<int32_t>((bits >> 52) & 0x7ff);
  if (exponent != 0) {
    mantissa |= uint64_t{1} << 52;
    --exponent;
  }
  if (mantissa == 0) {
    return;
  }
  // Trailing zeros would only widen the window: whole numbers need one limb or two.
  const int zeros = std::countr_zero(mantissa);
  mantissa >>= zeros;
  exponent += zeros;
  const int32_t first = exponent >> 5;
  const int shift = exponent & 31;
  const uint64_t low = (mantissa & kLimbMask) << shift;
  const uint64_t high = (mantissa >> 32) << shift;  // worth 2^32 more; below 2^52
  const uint64_t middle = (low >> 32) + (high & kLimbMask);
  const int64_t parts[3] = {static_cast<int64_t>(low & kLimbMask), static_cast<int64_t>(middle),
                            static_cast<int64_t>(high >> 32)};
  const int32_t count = parts[2] != 0 ? 3 : parts[1] != 0 ? 2 : 1;
  if (first < base_ || first + count > base_ + static_cast<int32_t>(limbs_.size()) ||
      limbs_.empty()) {
    Cover(first, count);
  }
  int64_t* limbs = &limbs_[static_cast<size_t>(first - base_)];
  const bool negative = (bits >> 63) != 0;
  for (int32_t i = 0; i < count; ++i) {
    limbs[i] += negative ? -parts[i] : parts[i];
  }
  if (++pending_ >= kMostPending) {
    Carry();
  }
}

void ExactSum::Carry() {
  Propagate(&limbs_);
  pending_ = 0;
}

void ExactSum::Merge(const ExactSum& other) {
  const Canonical added = other.ToCanonical();
  if (added.limbs.empty()) {
    return;
  }
  Cover(added.base, static_cast<int32_t>(added.limbs.size()));
  for (size_t i = 0; i < added.limbs.size(); ++i) {
    limbs_[static_cast<size_t>(added.base - base_) + i] += added.limbs[i];
  }
  if (++pending_ >= kMostPending) {
    Carry();
  }
}

ExactSum::Canonical ExactSum::ToCanonical() const {
  Canonical result{.base = base_, .limbs = limbs_};
  Propagate(&result.limbs);
  const bool negative = !result.limbs.empty() && result.limbs.back() < 0;
  if (negative) {
    for (int64_t& limb : result.limbs) {
      limb = -limb;
    }
    Propagate(&result.limbs);
    for (int64_t& limb : result.limbs) {
      limb = -limb;
    }
  }
  while (!result.limbs.empty() && result.limbs.back() == 0) {
    result.limbs.pop_back();
  }
  size_t leading = 0;
  while (leading < result.limbs.size() && result.limbs[leading] == 0) {
    ++leading;
  }
  result.limbs.erase(result.limbs.begin(), result.limbs.begin() + static_cast<int64_t>(leading));
  result.base = result.limbs.empty() ? 0 : result.base + static_cast<int32_t>(leading);
  return result;
}

double ExactSum::Value() const {
  const Canonical sum = ToCanonical();
  const size_t n = sum.limbs.size();
  if (n == 0) {
    return 0;
  }
  const auto limb = [&sum, n](size_t from_top) {
    return from_top < n ? static_cast<uint64_t>(std::abs(sum.limbs[n - 1 - from_top]))
                        : uint64_t{0};
  };
  // The 64 leading bits, and whether anything is set below them.
  const int width = static_cast<int>(std::bit_width(limb(0)));
  const uint64_t leading =
      (limb(0) << (64 - width)) | (limb(1) << (32 - width)) | (limb(2) >> width);
  bool rest = (limb(2) & ((uint64_t{1} << width) - 1)) != 0;
  for (size_t i = 3; i < n; ++i) {
    rest = rest || limb(i) != 0;
  }
  uint64_t mantissa = leading >> 11;
  const uint64_t dropped = leading & 0x7ff;
  if (dropped > 0x400 || (dropped == 0x400 && (rest || (mantissa & 1) != 0))) {
    ++mantissa;
  }
  const int exponent = 32 * (sum.base + static_cast<int>(n) - 1) - 1074 - (64 - width) + 11;
  const double magnitude = std::ldexp(static_cast<double>(mantissa), exponent);
  return sum.limbs.back() < 0 ? -magnitude : magnitude;
}

absl::StatusOr<ExactSum> ExactSum::FromCanonical(int64_t base, absl::Span<const int64_t> limbs) {
  if (base < 0 || base >= kMostLimbs || static_cast<int64_t>(limbs.size()) > kMostLimbs - base) {
    return absl::InvalidArgumentError(absl::StrCat("a sum of ", limbs.size(), " limbs from ", base,
                                                   " on; a sum has at most ", kMostLimbs));
  }
  for (int64_t limb : limbs) {
    if (limb <= -kLimb || limb >= kLimb) {
      return absl::InvalidArgumentError(
          absl::StrCat("a sum's limb is ", limb, "; it has at most 32 bits"));
    }
  }
  ExactSum sum;
  sum.base_ = static_cast<int32_t>(base);
  sum.limbs_.assign(limbs.begin(), limbs.end());
  return sum;
}

}  // namespace lockstep
