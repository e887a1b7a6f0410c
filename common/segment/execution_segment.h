// Execution segments: which rational part of a test an instance runs, and which elements of a
// counted whole belong to it.
//
// A sequence cuts (0, 1] at rational borders; segment k owns the elements that the dealing rule
// gives it. With L the least common denominator of the lengths and n_k = length_k * L, each run of
// L elements is dealt out, n_k of them to segment k, by one of two rules (see Partition). The
// shares of any whole therefore add up to the whole, and never shrink as it grows.
//
// Everything here is exact integer arithmetic: no floating point, overflow is an error. Pure
// values, no threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// A fraction in lowest terms, 0 <= numerator, 0 < denominator.
struct Fraction {
  int64_t numerator = 0;
  int64_t denominator = 1;
  friend bool operator==(const Fraction&, const Fraction&) = default;
};

// The part (from, to] of a test, 0 <= from < to <= 1.
struct ExecutionSegment {
  Fraction from = {0, 1};
  Fraction to = {1, 1};

  // "20%", "0.2" and "1/5" mean (0, 1/5]; "1/5:2/5" means (1/5, 2/5]; "" means the whole.
  // InvalidArgument, naming the text, for anything else.
  static absl::StatusOr<ExecutionSegment> Parse(absl::string_view text);
  // "1/5:2/5".
  std::string ToString() const;
  friend bool operator==(const ExecutionSegment&, const ExecutionSegment&) = default;
};

// Which segment gets the next element. Ties go to the longest segment, then to the first.
enum class Partition {
  // k6's: from the longest segment to the shortest, element i goes to the first with i * n_k >=
  // taken_k * L. Everybody starts at once: of two elements, a segment of 1% gets one.
  kStriped,
  // Nearest rounding over the whole sequence (Webster's method): the next element goes to the
  // segment with the smallest (2 * taken_k + 1) / n_k, that is, to whose share has come closest to
  // half an element more. Beside one of 99%, a segment of 1% gets its first element as the 51st.
  kFair,
};

// Segments that follow one another without gap and cover (0, 1].
class SegmentSequence {
 public:
  // One segment, the whole.
  SegmentSequence();
  // "0,1/4,1/2,1": increasing borders; a missing head or tail is filled in. "" means the whole.
  // InvalidArgument, naming text and border, for anything else.
  static absl::StatusOr<SegmentSequence> Parse(absl::string_view text);
  // The sequence that contains `segment` and fills what is left before and after it.
  static SegmentSequence Around(const ExecutionSegment& segment);
  // Segments with lengths in proportion to `weights`; all weights >= 0 and one of them > 0. Zero
  // weights make no segment. InvalidArgument otherwise, or if the total overflows.
  static absl::StatusOr<SegmentSequence> FromWeights(const std::vector<int64_t>& weights);

  const std::vector<ExecutionSegment>& segments() const { return segments_; }
  // Index of `segment`; NotFound with the message `provided segment X can't be found in sequence
  // Y`.
  absl::StatusOr<size_t> Find(const ExecutionSegment& segment) const;
  std::string ToString() const;

 private:
  std::vector<ExecutionSegment> segments_;
};

// One instance's place in a sequence, with the striping worked out: the way all counts of a test
// are divided. Cheap to copy. Thread-safe, as it never changes.
class SegmentTuple {
 public:
  // The whole test on one instance.
  SegmentTuple();
  // `index` names a segment of `sequence`; InvalidArgument if there is none. ResourceExhausted if
  // the stripe's period L would exceed 2^24, as its elements are kept in memory.
  static absl::StatusOr<SegmentTuple> Make(const SegmentSequence& sequence, size_t index,
                                           Partition partition = Partition::kStriped);
  // The tuples of all segments, in order, sharing one stripe: cheaper than Make for each.
  static absl::StatusOr<std::vector<SegmentTuple>> MakeAll(
      const SegmentSequence& sequence, Partition partition = Partition::kStriped);

  // A part of nothing: Scale is always 0.
  static SegmentTuple None();

  // This instance's share of `total`: the number of its elements among the first `total`. total >=
  // 0.
  int64_t Scale(int64_t total) const;
  // Global 0-based index of this instance's `local`-th element (0-based).
  // With a share of nothing, or on overflow: -1.
  int64_t Unscale(int64_t local) const;
  // Two-tier partition: the tuple by which work is divided once `vus` have been divided by this
  // one, in proportion to the VUs that each instance got. Instances without a VU get a tuple whose
  // Scale is always 0 (see `empty`).
  SegmentTuple Retuple(int64_t vus) const;
  Partition partition() const;
  // True if this instance owns nothing at all.
  bool empty() const;
  // The length of this instance's segment.
  Fraction length() const;

 private:
  struct Stripe;
  std::shared_ptr<const Stripe> stripe_;  // shared by all copies; immutable
  size_t index_ = 0;
};

}  // namespace lockstep
