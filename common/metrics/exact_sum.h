// A sum of doubles that does not depend on the order of adding: the sum is kept without rounding
// and rounded once, when it is read. So the sum over ten agents is bit for bit the sum of one.
//
// It is the small superaccumulator of R. M. Neal, "Fast Exact Summation Using Small and Large
// Superaccumulators" (arXiv:1505.05571): a fixed-point number of 2098 bits, cut into overlapping
// 64-bit pieces that are 32 bits apart. Here only the pieces in use are stored: measured values
// span few powers of two.
#pragma once

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace lockstep {

class ExactSum {
 public:
  // `value` is finite.
  void Add(double value);
  void Merge(const ExactSum& other);
  // The exact sum, rounded to nearest, ties to even; infinite if no double is large enough.
  double Value() const;

  // The one form of this sum: limbs of 32 bits, the lowest worth 2^(32 * base - 1074), all with the
  // sign of the sum and smaller than 2^32 in magnitude; no zeros at either end.
  struct Canonical {
    int32_t base = 0;
    absl::InlinedVector<int64_t, 4> limbs;
    friend bool operator==(const Canonical&, const Canonical&) = default;
  };
  Canonical ToCanonical() const;
  // InvalidArgument: limbs out of range, or too many.
  static absl::StatusOr<ExactSum> FromCanonical(int64_t base, absl::Span<const int64_t> limbs);

  friend bool operator==(const ExactSum& a, const ExactSum& b) {
    return a.ToCanonical() == b.ToCanonical();
  }

 private:
  // Makes limbs_ cover [first, first + count).
  void Cover(int32_t first, int32_t count);
  void Carry();

  int32_t base_ = 0;
  // Adds since the last Carry; each may put up to 2^32 into a limb.
  uint32_t pending_ = 0;
  absl::InlinedVector<int64_t, 4> limbs_;
};

}  // namespace lockstep
