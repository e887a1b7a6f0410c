// What many samples of one series come to: for each metric type a value with Add and Merge. Merging
// is commutative and associative, an empty aggregate changes nothing, and a run divided among ten
// agents gives, bit for bit, the aggregates of one.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

#include "common/metrics/exact_sum.h"
#include "common/metrics/histogram.h"
#include "common/metrics/metric.h"

namespace lockstep {

// All values that are added are finite.
class Counter {
 public:
  void Add(double value) {
    sum_.Add(value);
    ++count_;
  }
  void Merge(const Counter& other);
  double sum() const { return sum_.Value(); }
  uint64_t count() const { return count_; }  // of samples
  const ExactSum& exact_sum() const { return sum_; }
  static Counter Make(ExactSum sum, uint64_t count);
  friend bool operator==(const Counter&, const Counter&) = default;

 private:
  ExactSum sum_;
  uint64_t count_ = 0;
};

// The latest value. Where two agents measured at the same nanosecond, the larger value counts as
// the later one.
struct Gauge {
  double last = 0;
  absl::Time time = absl::InfinitePast();
  double min = 0;
  double max = 0;
  uint64_t samples = 0;

  void Add(double value, absl::Time when);
  void Merge(const Gauge& other);
  uint64_t count() const { return samples; }
  friend bool operator==(const Gauge&, const Gauge&) = default;
};

struct Rate {
  uint64_t trues = 0;
  uint64_t total = 0;

  void Add(bool value) {
    trues += value ? 1 : 0;
    ++total;
  }
  void Merge(const Rate& other) {
    trues += other.trues;
    total += other.total;
  }
  uint64_t count() const { return total; }
  double rate() const {
    return total == 0 ? 0 : static_cast<double>(trues) / static_cast<double>(total);
  }
  friend bool operator==(const Rate&, const Rate&) = default;
};

// Up to kExactLimit values are kept as they are, and percentiles are exact. Beyond that, there is a
// histogram with exact count, sum, minimum and maximum. Which of the two it is depends on the
// number of values alone, not on how they were grouped.
class Trend {
 public:
  static constexpr size_t kExactLimit = 5000;

  void Add(double value) {
    values_.push_back(value);
    if (values_.size() >= fold_at_) [[unlikely]] {
      Fold();
    }
  }
  void Merge(const Trend& other);
  // Gives up exact values early. For deltas of a series that is known to have more than kExactLimit
  // values elsewhere.
  void Compact();

  uint64_t count() const { return values_.size() + (folded_ ? folded_->histogram.count() : 0); }
  // 0 without values.
  double sum() const;
  double min() const;
  double max() const;
  double avg() const;
  // `fraction` in [0, 1]; linear interpolation between the two ranks around fraction * (count - 1).
  // 0 without values. Ranks 0 and count - 1 are exact; others are off by at most 0.14 % if not
  // `exact()`.
  double Percentile(double fraction) const;
  // Several at once, for the price of one sort. In the order of `fractions`.
  std::vector<double> Percentiles(absl::Span<const double> fractions) const;
  bool exact() const { return folded_ == nullptr; }

  // Everything as a histogram, for outputs that take one.
  struct Folded {
    Histogram histogram;
    ExactSum sum;
    double min = 0;
    double max = 0;
    friend bool operator==(const Folded&, const Folded&) = default;
  };
  Folded ToFolded() const;
  // The values in ascending order; only if `exact()`.
  std::vector<double> SortedValues() const;
  static Trend FromValues(std::vector<double> values);
  static Trend FromFolded(Folded folded);

  Trend() = default;
  Trend(const Trend& other);
  Trend& operator=(const Trend& other);
  Trend(Trend&&) = default;
  Trend& operator=(Trend&&) = default;
  friend bool operator==(const Trend& a, const Trend& b);

 private:
  // Once there is a histogram, values wait in values_ until there are this many; this only saves
  // time.
  static constexpr size_t kBuffer = 512;
  void Fold();
  static void FoldInto(Folded* folded, absl::Span<const double> values);

  std::vector<double> values_;
  size_t fold_at_ = kExactLimit + 1;
  std::unique_ptr<Folded> folded_;
};

class Aggregate {
 public:
  explicit Aggregate(MetricType type);
  template <typename T>
  requires(!std::same_as<std::remove_cvref_t<T>, Aggregate>) explicit Aggregate(T value)
      : value_(std::move(value)) {}

  MetricType type() const { return static_cast<MetricType>(value_.index()); }
  // Rates count `value` as true unless it is 0.
  void Add(double value, absl::Time time);
  // Both must have the same type.
  void Merge(const Aggregate& other);
  uint64_t count() const;  // of samples
  bool empty() const { return count() == 0; }

  const Counter& counter() const { return std::get<Counter>(value_); }
  const Gauge& gauge() const { return std::get<Gauge>(value_); }
  const Rate& rate() const { return std::get<Rate>(value_); }
  const Trend& trend() const { return std::get<Trend>(value_); }
  Trend& trend() { return std::get<Trend>(value_); }

  friend bool operator==(const Aggregate&, const Aggregate&) = default;

 private:
  // In the order of MetricType.
  std::variant<Counter, Gauge, Rate, Trend> value_;
};

// One number out of an aggregate: what a threshold compares and a summary prints.
struct AggregateMethod {
  enum class Kind { kCount, kRate, kValue, kAvg, kMin, kMax, kMed, kPercentile };
  Kind kind = Kind::kCount;
  double percentile = 0;  // 0 to 100, of kPercentile
  friend bool operator==(const AggregateMethod&, const AggregateMethod&) = default;
};
// nullopt if there is no sample (counters then are 0, not nullopt), or the type has no such method.
// `elapsed` turns a counter's sum into its rate per second.
std::optional<double> Evaluate(const Aggregate& aggregate, const AggregateMethod& method,
                               absl::Duration elapsed);

}  // namespace lockstep
