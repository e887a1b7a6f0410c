#include "common/metrics/aggregate.h"

#include <algorithm>
#include <cmath>

#include "common/base/check.h"

namespace lockstep {
namespace {

double Interpolate(double low, double high, double share) {
  return low + (high - low) * share;
}

}  // namespace

void Counter::Merge(const Counter& other) {
  sum_.Merge(other.sum_);
  count_ += other.count_;
}

Counter Counter::Make(ExactSum sum, uint64_t count) {
  Counter counter;
  counter.sum_ = std::move(sum);
  counter.count_ = count;
  return counter;
}

void Gauge::Add(double value, absl::Time when) {
  min = samples == 0 ? value : std::min(min, value);
  max = samples == 0 ? value : std::max(max, value);
  if (samples == 0 || when >= time) {
    last = value;
    time = when;
  }
  ++samples;
}

void Gauge::Merge(const Gauge& other) {
  if (other.samples == 0) {
    return;
  }
  if (samples == 0) {
    *this = other;
    return;
  }
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  if (std::pair(other.time, other.last) > std::pair(time, last)) {
    last = other.last;
    time = other.time;
  }
  samples += other.samples;
}

Trend::Trend(const Trend& other)
    : values_(other.values_),
      fold_at_(other.fold_at_),
      folded_(other.folded_ ? std::make_unique<Folded>(*other.folded_) : nullptr) {}

Trend& Trend::operator=(const Trend& other) {
  if (this != &other) {
    *this = Trend(other);
  }
  return *this;
}

void Trend::FoldInto(Folded* folded, absl::Span<const double> values) {
  for (double value : values) {
    const bool first = folded->histogram.count() == 0;
    folded->min = first ? value : std::min(folded->min, value);
    folded->max = first ? value : std::max(folded->max, value);
    folded->histogram.Add(value);
    folded->sum.Add(value);
  }
}

void Trend::Fold() {
  if (!folded_) {
    folded_ = std::make_unique<Folded>();
  }
  FoldInto(folded_.get(), values_);
  values_.clear();
  values_.shrink_to_fit();
  fold_at_ = kBuffer;
}

void Trend::Compact() {
  if (!values_.empty()) {
    Fold();
  }
}

void Trend::Merge(const Trend& other) {
  if (other.folded_) {
    Compact();
    if (!folded_) {
      folded_ = std::make_unique<Folded>(*other.folded_);
      fold_at_ = kBuffer;
    } else {
      folded_->min = std::min(folded_->min, other.folded_->min);
      folded_->max = std::max(folded_->max, other.folded_->max);
      folded_->histogram.Merge(other.folded_->histogram);
      folded_->sum.Merge(other.folded_->sum);
    }
  }
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  if (values_.size() >= fold_at_) {
    Fold();
  }
}

Trend::Folded Trend::ToFolded() const {
  Folded result = folded_ ? *folded_ : Folded{};
  FoldInto(&result, values_);
  return result;
}

double Trend::sum() const {
  ExactSum sum = folded_ ? folded_->sum : ExactSum{};
  for (double value : values_) {
    sum.Add(value);
  }
  return sum.Value();
}

double Trend::min() const {
  if (values_.empty()) {
    return folded_ ? folded_->min : 0;
  }
  const double least = *std::min_element(values_.begin(), values_.end());
  return folded_ ? std::min(folded_->min, least) : least;
}

double Trend::max() const {
  if (values_.empty()) {
    return folded_ ? folded_->max : 0;
  }
  const double most = *std::max_element(values_.begin(), values_.end());
  return folded_ ? std::max(folded_->max, most) : most;
}

double Trend::avg() const {
  return count() == 0 ? 0 : sum() / static_cast<double>(count());
}

std::vector<double> Trend::SortedValues() const {
  LOCKSTEP_DCHECK(exact());
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::vector<double> Trend::Percentiles(absl::Span<const double> fractions) const {
  std::vector<double> result;
  result.reserve(fractions.size());
  const uint64_t n = count();
  if (n == 0) {
    result.assign(fractions.size(), 0);
    return result;
  }
  const std::vector<double> sorted = exact() ? SortedValues() : std::vector<double>{};
  const Folded folded = exact() ? Folded{} : ToFolded();
  const auto at = [&](uint64_t rank) {
    if (exact()) {
      return sorted[rank];
    }
    if (rank == 0) {
      return folded.min;
    }
    if (rank == n - 1) {
      return folded.max;
    }
    return std::clamp(folded.histogram.ValueAtRank(rank), folded.min, folded.max);
  };
  for (double fraction : fractions) {
    const double place = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(n - 1);
    const uint64_t low = std::min(static_cast<uint64_t>(place), n - 1);
    const uint64_t high = std::min(low + 1, n - 1);
    const double share = place - std::floor(place);
    result.push_back(share == 0 ? at(low) : Interpolate(at(low), at(high), share));
  }
  return result;
}

double Trend::Percentile(double fraction) const {
  return Percentiles({&fraction, 1})[0];
}

Trend Trend::FromValues(std::vector<double> values) {
  Trend trend;
  trend.values_ = std::move(values);
  if (trend.values_.size() >= trend.fold_at_) {
    trend.Fold();
  }
  return trend;
}

Trend Trend::FromFolded(Folded folded) {
  Trend trend;
  trend.folded_ = std::make_unique<Folded>(std::move(folded));
  trend.fold_at_ = kBuffer;
  return trend;
}

bool operator==(const Trend& a, const Trend& b) {
  if (a.exact() != b.exact() || a.count() != b.count()) {
    return false;
  }
  return a.exact() ? a.SortedValues() == b.SortedValues() : a.ToFolded() == b.ToFolded();
}

Aggregate::Aggregate(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      value_ = Counter{};
      break;
    case MetricType::kGauge:
      value_ = Gauge{};
      break;
    case MetricType::kRate:
      value_ = Rate{};
      break;
    case MetricType::kTrend:
      value_ = Trend{};
      break;
  }
}

void Aggregate::Add(double value, absl::Time time) {
  if (auto* trend = std::get_if<Trend>(&value_)) {
    trend->Add(value);
  } else if (auto* counter = std::get_if<Counter>(&value_)) {
    counter->Add(value);
  } else if (auto* rate = std::get_if<Rate>(&value_)) {
    rate->Add(value != 0);
  } else {
    std::get<Gauge>(value_).Add(value, time);
  }
}

void Aggregate::Merge(const Aggregate& other) {
  LOCKSTEP_CHECK(type() == other.type());
  std::visit(
      [&other](auto& mine) {
        mine.Merge(std::get<std::remove_reference_t<decltype(mine)>>(other.value_));
      },
      value_);
}

uint64_t Aggregate::count() const {
  return std::visit([](const auto& value) { return value.count(); }, value_);
}

namespace {

std::optional<double> EvaluateTrend(const Trend& trend, const AggregateMethod& method) {
  using Kind = AggregateMethod::Kind;
  switch (method.kind) {
    case Kind::kCount:
      return static_cast<double>(trend.count());
    case Kind::kAvg:
      return trend.avg();
    case Kind::kMin:
      return trend.min();
    case Kind::kMax:
      return trend.max();
    case Kind::kMed:
      return trend.Percentile(0.5);
    case Kind::kPercentile:
      return trend.Percentile(method.percentile / 100);
    case Kind::kRate:
    case Kind::kValue:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> Evaluate(const Aggregate& aggregate, const AggregateMethod& method,
                               absl::Duration elapsed) {
  using Kind = AggregateMethod::Kind;
  if (aggregate.type() == MetricType::kCounter) {
    if (method.kind == Kind::kCount) {
      return aggregate.counter().sum();
    }
    if (method.kind == Kind::kRate) {
      const double seconds = absl::ToDoubleSeconds(elapsed);
      return seconds > 0 ? aggregate.counter().sum() / seconds : 0;
    }
    return std::nullopt;
  }
  if (aggregate.empty()) {
    return std::nullopt;
  }
  if (aggregate.type() == MetricType::kGauge) {
    return method.kind == Kind::kValue ? std::optional(aggregate.gauge().last) : std::nullopt;
  }
  if (aggregate.type() == MetricType::kRate) {
    return method.kind == Kind::kRate ? std::optional(aggregate.rate().rate()) : std::nullopt;
  }
  return EvaluateTrend(aggregate.trend(), method);
}

}  // namespace lockstep
