#include "common/segment/execution_segment.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"
#include "common/segment/deal.h"

namespace lockstep {
namespace {

// Longest period of a stripe; its elements are kept, four bytes each.
constexpr int64_t kMaxPeriod = int64_t{1} << 24;

Fraction Reduced(int64_t numerator, int64_t denominator) {
  const int64_t divisor = std::gcd(numerator, denominator);
  return {numerator / divisor, denominator / divisor};
}

bool Less(const Fraction& a, const Fraction& b) {
  return absl::int128(a.numerator) * b.denominator < absl::int128(b.numerator) * a.denominator;
}

std::string FractionText(const Fraction& f) {
  return f.denominator == 1 ? absl::StrCat(f.numerator)
                            : absl::StrCat(f.numerator, "/", f.denominator);
}

bool AllDigits(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

// "12" or "12.5" or ".5", exactly, divided by `divisor`. False if it is something else or has too
// many digits.
bool ParseDecimal(absl::string_view text, int64_t divisor, Fraction* out) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  const bool has_point = absl::StrContains(text, '.');
  if (!AllDigits(absl::StrCat(parts.first, parts.second)) || (has_point && parts.second.empty())) {
    return false;
  }
  int64_t numerator = 0;
  int64_t denominator = divisor;
  if (!absl::SimpleAtoi(absl::StrCat(parts.first, parts.second), &numerator)) {
    return false;
  }
  for (size_t i = 0; i < parts.second.size(); ++i) {
    if (__builtin_mul_overflow(denominator, 10, &denominator)) {
      return false;
    }
  }
  *out = Reduced(numerator, denominator);
  return true;
}

// A border: "20%", "0.2", "1/5". False if it is none of these.
bool ParseFraction(absl::string_view text, Fraction* out) {
  if (absl::ConsumeSuffix(&text, "%")) {
    return ParseDecimal(text, 100, out);
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('/', 1));
  if (!absl::StrContains(text, '/')) {
    return ParseDecimal(text, 1, out);
  }
  int64_t numerator = 0;
  int64_t denominator = 0;
  if (!AllDigits(parts.first) || !AllDigits(parts.second) ||
      !absl::SimpleAtoi(parts.first, &numerator) || !absl::SimpleAtoi(parts.second, &denominator) ||
      denominator == 0) {
    return false;
  }
  *out = Reduced(numerator, denominator);
  return true;
}

constexpr char kBorderForms[] =
    "a border is a fraction \"1/5\", a decimal \"0.2\" or a percentage \"20%\"";

absl::StatusOr<Fraction> BorderOf(absl::string_view what, absl::string_view text,
                                  absl::string_view border) {
  Fraction value;
  if (!ParseFraction(border, &value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " \"", text, "\": \"", border, "\" is not a border; ", kBorderForms));
  }
  if (Less(Fraction{1, 1}, value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " \"", text, "\": border ", border, " is greater than 1"));
  }
  return value;
}

// to - from; false on overflow.
bool Difference(const ExecutionSegment& segment, Fraction* out) {
  const absl::int128 numerator = absl::int128(segment.to.numerator) * segment.from.denominator -
                                 absl::int128(segment.from.numerator) * segment.to.denominator;
  const absl::int128 denominator = absl::int128(segment.to.denominator) * segment.from.denominator;
  absl::int128 a = numerator;
  absl::int128 b = denominator;
  while (b != 0) {
    a = std::exchange(b, a % b);
  }
  const absl::int128 limit = std::numeric_limits<int64_t>::max();
  if (numerator / a > limit || denominator / a > limit) {
    return false;
  }
  *out = {static_cast<int64_t>(numerator / a), static_cast<int64_t>(denominator / a)};
  return true;
}

}  // namespace

absl::StatusOr<ExecutionSegment> ExecutionSegment::Parse(absl::string_view text) {
  if (text.empty()) {
    return ExecutionSegment{};
  }
  constexpr absl::string_view kWhat = "execution segment";
  ExecutionSegment segment;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (absl::StrContains(text, ':')) {
    LOCKSTEP_ASSIGN_OR_RETURN(segment.from, BorderOf(kWhat, text, parts.first));
    LOCKSTEP_ASSIGN_OR_RETURN(segment.to, BorderOf(kWhat, text, parts.second));
  } else {
    LOCKSTEP_ASSIGN_OR_RETURN(segment.to, BorderOf(kWhat, text, text));
  }
  if (!Less(segment.from, segment.to)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kWhat, " \"", text, "\": its end ", FractionText(segment.to),
                     " must be greater than its begin ", FractionText(segment.from)));
  }
  return segment;
}

std::string ExecutionSegment::ToString() const {
  return absl::StrCat(FractionText(from), ":", FractionText(to));
}

SegmentSequence::SegmentSequence() : segments_(1) {}

absl::StatusOr<SegmentSequence> SegmentSequence::Parse(absl::string_view text) {
  SegmentSequence sequence;
  if (text.empty()) {
    return sequence;
  }
  constexpr absl::string_view kWhat = "execution segment sequence";
  std::vector<Fraction> borders = {Fraction{0, 1}};
  bool first = true;
  for (const absl::string_view border_text : absl::StrSplit(text, ',')) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Fraction border, BorderOf(kWhat, text, border_text));
    const bool is_head = std::exchange(first, false) && border.numerator == 0;
    if (is_head) {
      continue;
    }
    if (!Less(borders.back(), border)) {
      return absl::InvalidArgumentError(absl::StrCat(kWhat, " \"", text, "\": border ", border_text,
                                                     " must be greater than the one before it, ",
                                                     FractionText(borders.back())));
    }
    borders.push_back(border);
  }
  if (borders.back() != Fraction{1, 1}) {
    borders.push_back({1, 1});
  }
  sequence.segments_.clear();
  for (size_t i = 1; i < borders.size(); ++i) {
    sequence.segments_.push_back({borders[i - 1], borders[i]});
  }
  return sequence;
}

SegmentSequence SegmentSequence::Around(const ExecutionSegment& segment) {
  SegmentSequence sequence;
  sequence.segments_.clear();
  if (segment.from.numerator != 0) {
    sequence.segments_.push_back({{0, 1}, segment.from});
  }
  sequence.segments_.push_back(segment);
  if (segment.to != Fraction{1, 1}) {
    sequence.segments_.push_back({segment.to, {1, 1}});
  }
  return sequence;
}

absl::StatusOr<SegmentSequence> SegmentSequence::FromWeights(const std::vector<int64_t>& weights) {
  int64_t total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("weights[", i, "]: must be >= 0, got ", weights[i]));
    }
    if (__builtin_add_overflow(total, weights[i], &total)) {
      return absl::InvalidArgumentError("weights: their sum exceeds 2^63 - 1");
    }
  }
  if (total == 0) {
    return absl::InvalidArgumentError("weights: at least one must be > 0");
  }
  SegmentSequence sequence;
  sequence.segments_.clear();
  int64_t before = 0;
  for (const int64_t weight : weights) {
    if (weight > 0) {
      sequence.segments_.push_back({Reduced(before, total), Reduced(before + weight, total)});
    }
    before += weight;
  }
  return sequence;
}

absl::StatusOr<size_t> SegmentSequence::Find(const ExecutionSegment& segment) const {
  const auto found = std::find(segments_.begin(), segments_.end(), segment);
  if (found == segments_.end()) {
    return absl::NotFoundError(absl::StrCat("provided segment ", segment.ToString(),
                                            " can't be found in sequence ", ToString()));
  }
  return static_cast<size_t>(found - segments_.begin());
}

std::string SegmentSequence::ToString() const {
  return absl::StrCat(
      "0,", absl::StrJoin(segments_, ",", [](std::string* out, const ExecutionSegment& segment) {
        absl::StrAppend(out, FractionText(segment.to));
      }));
}

struct SegmentTuple::Stripe {
  // Segments with a length of zero get nothing; the lengths add up to the period.
  Stripe(const std::vector<int64_t>& lengths, Partition partition)
      : rule(partition),
        period(std::accumulate(lengths.begin(), lengths.end(), int64_t{0})),
        owned(partition == Partition::kFair ? DealFair(lengths, period)
                                            : DealStriped(lengths, period)) {}

  Partition rule;
  int64_t period;
  std::vector<std::vector<uint32_t>> owned;  // by segment, the elements of one period, increasing

  int64_t Scale(size_t segment, int64_t total) const {
    if (period == 0) {
      return 0;
    }
    const std::vector<uint32_t>& mine = owned[segment];
    const auto rest = static_cast<uint32_t>(total % period);
    return (total / period) * static_cast<int64_t>(mine.size()) +
           (std::lower_bound(mine.begin(), mine.end(), rest) - mine.begin());
  }
};

SegmentTuple::SegmentTuple()
    : stripe_(std::make_shared<const Stripe>(std::vector<int64_t>{1}, Partition::kStriped)),
      index_(0) {}

SegmentTuple SegmentTuple::None() {
  return SegmentTuple().Retuple(0);
}

absl::StatusOr<SegmentTuple> SegmentTuple::Make(const SegmentSequence& sequence, size_t index,
                                                Partition partition) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<SegmentTuple> all, MakeAll(sequence, partition));
  if (index >= all.size()) {
    return absl::InvalidArgumentError(absl::StrCat("segment index ", index, ": the sequence ",
                                                   sequence.ToString(), " has ", all.size(),
                                                   " segments"));
  }
  return all[index];
}

absl::StatusOr<std::vector<SegmentTuple>> SegmentTuple::MakeAll(const SegmentSequence& sequence,
                                                                Partition partition) {
  const absl::Status too_fine = absl::ResourceExhaustedError(
      absl::StrCat("execution segment sequence ", sequence.ToString(),
                   ": the least common denominator of its lengths exceeds ", kMaxPeriod));
  std::vector<Fraction> fractions;
  int64_t period = 1;
  for (const ExecutionSegment& segment : sequence.segments()) {
    Fraction length;
    if (!Difference(segment, &length)) {
      return too_fine;
    }
    fractions.push_back(length);
    const int64_t factor = length.denominator / std::gcd(period, length.denominator);
    if (__builtin_mul_overflow(period, factor, &period) || period > kMaxPeriod) {
      return too_fine;
    }
  }
  std::vector<int64_t> lengths;
  for (const Fraction& length : fractions) {
    lengths.push_back(length.numerator * (period / length.denominator));
  }
  SegmentTuple tuple;
  tuple.stripe_ = std::make_shared<const Stripe>(lengths, partition);
  std::vector<SegmentTuple> all;
  for (tuple.index_ = 0; tuple.index_ < lengths.size(); ++tuple.index_) {
    all.push_back(tuple);
  }
  return all;
}

int64_t SegmentTuple::Scale(int64_t total) const {
  return stripe_->Scale(index_, total);
}

int64_t SegmentTuple::Unscale(int64_t local) const {
  const std::vector<uint32_t>& mine = stripe_->owned[index_];
  if (mine.empty() || local < 0) {
    return -1;
  }
  const auto per_period = static_cast<int64_t>(mine.size());
  int64_t global = 0;
  if (__builtin_mul_overflow(local / per_period, stripe_->period, &global) ||
      __builtin_add_overflow(global, mine[static_cast<size_t>(local % per_period)], &global)) {
    return -1;
  }
  return global;
}

SegmentTuple SegmentTuple::Retuple(int64_t vus) const {
  std::vector<int64_t> lengths;
  int64_t divisor = 0;
  for (size_t i = 0; i < stripe_->owned.size(); ++i) {
    lengths.push_back(stripe_->Scale(i, vus));
    divisor = std::gcd(divisor, lengths.back());
  }
  if (divisor != 0 && vus / divisor > kMaxPeriod) {
    // So many VUs that every segment has some and proportions differ from the segments' by less
    // than 2^-24: all instances come to the same conclusion, so the shares still add up.
    return *this;
  }
  for (int64_t& length : lengths) {
    length = divisor == 0 ? 0 : length / divisor;
  }
  SegmentTuple tuple = *this;
  tuple.stripe_ = std::make_shared<const Stripe>(lengths, stripe_->rule);
  return tuple;
}

Partition SegmentTuple::partition() const {
  return stripe_->rule;
}

bool SegmentTuple::empty() const {
  return stripe_->owned[index_].empty();
}

Fraction SegmentTuple::length() const {
  return stripe_->period == 0
             ? Fraction{0, 1}
             : Reduced(static_cast<int64_t>(stripe_->owned[index_].size()), stripe_->period);
}

}  // namespace lockstep
