#include "common/result/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/health/judge.h"
#include "common/result/significance.h"

namespace lockstep {
namespace {

// What a run that does its work has always samples of, if any run of the test has.
bool CountsWork(const ResultMetric& metric) {
  for (absl::string_view name : {"http_reqs", "http_req_failed", "iterations", "checks"}) {
    if (metric.key == name) {
      return true;
    }
  }
  return false;
}

// It was no whole run, or not good enough.
bool FellShort(const EndVerdict& verdict) {
  return !IsGood(verdict.word) && verdict.word != VerdictWord::kErrors;
}

// Iterations, of which `failures` are taken for a part.
Rate RateOf(uint64_t failures, const RunResult& result) {
  Rate rate;
  for (const ResultMetric& metric : result.metrics) {
    if (metric.key == "iterations" && metric.metric.type == MetricType::kCounter) {
      rate.total = static_cast<uint64_t>(metric.aggregate.counter().sum());
    }
  }
  rate.trues = std::min(failures, rate.total);
  return rate;
}

// Of runs that are too short for any test of proportions, these are to be said.
bool AllRequestsFailed(const RunResult& result) {
  const EndVerdict::Part& requests = result.verdict.requests;
  return requests.total > 0 && requests.failed == requests.total;
}

bool AllThrew(const RunResult& result) {
  const Rate threw = RateOf(result.verdict.exceptions, result);
  return threw.total > 0 && threw.trues == threw.total;
}

bool EndedWorse(const RunResult& base, const RunResult& fresh) {
  return (FellShort(fresh.verdict) && !FellShort(base.verdict)) ||
         (AllThrew(fresh) && !AllThrew(base)) ||
         (AllRequestsFailed(fresh) && !AllRequestsFailed(base));
}

enum class Worse { kHigher, kLower, kUnknown };

Worse WorseOf(const Metric& metric) {
  for (absl::string_view name : {"http_req_failed", "http_reqs_errors", "dropped_iterations"}) {
    if (metric.name == name) {
      return Worse::kHigher;
    }
  }
  for (absl::string_view name : {"checks", "http_reqs", "iterations"}) {
    if (metric.name == name) {
      return Worse::kLower;
    }
  }
  return metric.type == MetricType::kTrend && metric.contains == ValueType::kTime ? Worse::kHigher
                                                                                  : Worse::kUnknown;
}

struct Exceedance {
  uint64_t base = 0;
  uint64_t fresh = 0;
};
// How many values of each side are above the bucket that holds quantile `fraction` of both
// together.
Exceedance AbovePooledQuantile(const Histogram& base, const Histogram& fresh, double fraction) {
  const auto total = static_cast<double>(base.count() + fresh.count());
  double below = 0;
  Exceedance above;
  for (const auto& [base_count, fresh_count] : AlignedCounts(base, fresh)) {
    if (below >= fraction * total) {
      above.base += base_count;
      above.fresh += fresh_count;
    }
    below += static_cast<double>(base_count + fresh_count);
  }
  return above;
}

std::optional<double> RelativeChange(double base, double fresh) {
  return base == 0 ? std::nullopt : std::optional(fresh / base - 1);
}

// One comparison in the making: whether its effect is large enough to matter.
struct Candidate {
  Comparison comparison;
  std::optional<double> raw_p;
  bool matters = false;
  Worse worse = Worse::kUnknown;
};

class Comparer {
 public:
  Comparer(const RunResult& base, const RunResult& fresh, const CompareConfig& config)
      : base_(base), fresh_(fresh), config_(config) {}

  ComparisonReport Run() {
    report_.ends = {.base = base_.verdict.word,
                    .fresh = fresh_.verdict.word,
                    .reason = fresh_.verdict.reason,
                    .worse = EndedWorse(base_, fresh_)};
    TellIfUnsteady("the base", base_);
    TellIfUnsteady("the new run", fresh_);
    std::map<std::string, const ResultMetric*> bases;
    for (const ResultMetric& metric : base_.metrics) {
      bases[metric.key] = &metric;
    }
    for (const ResultMetric& metric : fresh_.metrics) {
      const auto found = bases.find(metric.key);
      const bool comparable =
          found != bases.end() && found->second->metric.type == metric.metric.type;
      if (!comparable) {
        report_.only_in_new.push_back(metric.key);
        continue;
      }
      Compare(*found->second, metric);
      bases.erase(found);
    }
    for (const auto& [key, metric] : bases) {
      report_.only_in_base.push_back(key);
    }
    FindVanished();
    CompareChecks();
    CompareFailures("script exceptions", base_.verdict.exceptions, fresh_.verdict.exceptions);
    CompareFailures("other failures", base_.verdict.others, fresh_.verdict.others);
    Decide();
    return std::move(report_);
  }

 private:
  void Compare(const ResultMetric& base, const ResultMetric& fresh) {
    for (const SummaryThreshold& threshold : fresh.thresholds) {
      const auto passed = [&threshold](const SummaryThreshold& each) {
        return each.expression == threshold.expression && each.ok;
      };
      if (!threshold.ok && std::any_of(base.thresholds.begin(), base.thresholds.end(), passed)) {
        report_.new_failures.push_back(absl::StrCat(fresh.key, ": ", threshold.expression));
      }
    }
    if (base.aggregate.empty() && fresh.aggregate.empty()) {
      return;
    }
    switch (fresh.metric.type) {
      case MetricType::kTrend:
        CompareTrends(base, fresh);
        break;
      case MetricType::kRate:
        CompareRates(fresh.key, base.aggregate.rate(), fresh.aggregate.rate(),
                     WorseOf(fresh.metric));
        break;
      case MetricType::kCounter:
        CompareCounters(base, fresh);
        break;
      case MetricType::kGauge:
        Candidate& shown = Add(fresh, "value");
        shown.comparison.base = base.aggregate.gauge().last;
        shown.comparison.fresh = fresh.aggregate.gauge().last;
        shown.comparison.change = RelativeChange(shown.comparison.base, shown.comparison.fresh);
        break;
    }
  }

  Candidate& Add(const ResultMetric& metric, const char* what) {
    Candidate& candidate = candidates_.emplace_back();
    candidate.comparison.subject = metric.key;
    candidate.comparison.what = what;
    candidate.comparison.type = metric.metric.type;
    candidate.comparison.contains = metric.metric.contains;
    candidate.worse = WorseOf(metric.metric);
    return candidate;
  }

  void TellIfUnsteady(absl::string_view whose, const RunResult& run) {
    if (!IsSteady(run.validity)) {
      report_.unsteady.push_back(absl::StrCat(whose, ": ", GeneratorText(run.validity),
                                              run.validity_reasons.empty() ? "" : ": ",
                                              absl::StrJoin(run.validity_reasons, "; ")));
    }
  }

  void CompareTrends(const ResultMetric& base, const ResultMetric& fresh) {
    const Histogram old_values = base.aggregate.trend().ToFolded().histogram;
    const Histogram new_values = fresh.aggregate.trend().ToFolded().histogram;
    const bool testable = old_values.count() > 0 && new_values.count() > 0;
    // Of kResultRanks.
    constexpr size_t kMedian = 0;
    constexpr size_t kTail = 2;
    for (const auto& [what, rank] : {std::pair("med", kMedian), std::pair("p(95)", kTail)}) {
      Candidate& candidate = Add(fresh, what);
      Comparison& comparison = candidate.comparison;
      comparison.base = base.Ranks()[rank];
      comparison.fresh = fresh.Ranks()[rank];
      comparison.change = RelativeChange(comparison.base, comparison.fresh);
      candidate.matters = MattersRelatively(comparison);
      if (!testable) {
        continue;
      }
      if (rank == kMedian) {
        const MannWhitney test = MannWhitneyTest(old_values, new_values);
        candidate.raw_p = test.p_value;
        comparison.superior = test.superior;
      } else {
        const Exceedance above = AbovePooledQuantile(old_values, new_values, kResultRanks[rank]);
        candidate.raw_p =
            TwoProportionsTest(above.base, old_values.count(), above.fresh, new_values.count());
      }
    }
  }

  // From 0, every change is one of more than any percentage.
  bool MattersRelatively(const Comparison& comparison) const {
    if (comparison.contains == ValueType::kTime &&
        std::abs(comparison.fresh - comparison.base) < config_.min_millis) {
      return false;
    }
    return comparison.change ? std::abs(*comparison.change) >= config_.min_change
                             : comparison.fresh != comparison.base;
  }

  void CompareRates(const std::string& subject, const Rate& base, const Rate& fresh, Worse worse) {
    Candidate& candidate = candidates_.emplace_back();
    candidate.comparison.subject = subject;
    candidate.comparison.what = "rate";
    candidate.comparison.type = MetricType::kRate;
    candidate.comparison.base = base.rate();
    candidate.comparison.fresh = fresh.rate();
    candidate.worse = worse;
    candidate.matters = std::abs(fresh.rate() - base.rate()) >= config_.min_points;
    if (base.total > 0 && fresh.total > 0) {
      candidate.raw_p = TwoProportionsTest(base.trues, base.total, fresh.trues, fresh.total);
    }
  }

  void CompareCounters(const ResultMetric& base, const ResultMetric& fresh) {
    Candidate& candidate = Add(fresh, "per second");
    const Counter& old_counter = base.aggregate.counter();
    const Counter& new_counter = fresh.aggregate.counter();
    const double old_seconds = absl::ToDoubleSeconds(base_.duration);
    const double new_seconds = absl::ToDoubleSeconds(fresh_.duration);
    if (old_seconds <= 0 || new_seconds <= 0) {
      return;
    }
    candidate.comparison.base = old_counter.sum() / old_seconds;
    candidate.comparison.fresh = new_counter.sum() / new_seconds;
    candidate.comparison.change =
        RelativeChange(candidate.comparison.base, candidate.comparison.fresh);
    candidate.matters = MattersRelatively(candidate.comparison);
    const auto counts_events = [](const Counter& counter) {
      return counter.sum() == static_cast<double>(counter.count());
    };
    if (counts_events(old_counter) && counts_events(new_counter)) {
      candidate.raw_p =
          TwoPoissonRatesTest(old_counter.count(), old_seconds, new_counter.count(), new_seconds);
    }
  }

  void FindVanished() {
    std::set<absl::string_view> present;
    for (const ResultMetric& metric : fresh_.metrics) {
      if (!metric.aggregate.empty()) {
        present.insert(metric.key);
      }
    }
    for (const ResultMetric& metric : base_.metrics) {
      const bool counts = CountsWork(metric) || !metric.thresholds.empty();
      if (counts && !metric.aggregate.empty() && !present.contains(metric.key)) {
        report_.vanished.push_back(metric.key);
      }
    }
  }

  void CompareChecks() {
    std::map<std::string, const SummaryCheck*> bases;
    for (const SummaryCheck& check : base_.checks) {
      bases[check.path] = &check;
    }
    for (const SummaryCheck& check : fresh_.checks) {
      const auto found = bases.find(check.path);
      if (found != bases.end()) {
        CompareRates(absl::StrCat("check: ", check.name), CheckRateOf(*found->second),
                     CheckRateOf(check), Worse::kLower);
        bases.erase(found);
      }
    }
    for (const auto& [path, check] : bases) {
      report_.only_in_base.push_back(absl::StrCat("check: ", check->name));
    }
  }
  // Those that no metric counts, as parts of the iterations.
  void CompareFailures(const char* subject, uint64_t base, uint64_t fresh) {
    if (base + fresh > 0) {
      CompareRates(subject, RateOf(base, base_), RateOf(fresh, fresh_), Worse::kHigher);
    }
  }
  static Rate CheckRateOf(const SummaryCheck& check) {
    return {.trues = check.passes, .total = check.passes + check.fails};
  }

  void Decide() {
    std::vector<double> raw;
    for (const Candidate& candidate : candidates_) {
      if (candidate.raw_p) {
        raw.push_back(*candidate.raw_p);
      }
    }
    const std::vector<double> corrected = HolmCorrected(raw);
    size_t next = 0;
    for (Candidate& candidate : candidates_) {
      Comparison& comparison = candidate.comparison;
      if (candidate.raw_p) {
        comparison.p_value = corrected[next++];
        const bool differs = *comparison.p_value < config_.alpha && candidate.matters;
        const bool higher = comparison.fresh > comparison.base;
        comparison.verdict = !differs                             ? ComparisonVerdict::kSame
                             : candidate.worse == Worse::kUnknown ? ComparisonVerdict::kChanged
                             : higher == (candidate.worse == Worse::kHigher)
                                 ? ComparisonVerdict::kWorse
                                 : ComparisonVerdict::kBetter;
      }
      report_.comparisons.push_back(std::move(comparison));
    }
  }

  const RunResult& base_;
  const RunResult& fresh_;
  const CompareConfig& config_;
  std::vector<Candidate> candidates_;
  ComparisonReport report_;
};

}  // namespace

const char* ComparisonVerdictName(ComparisonVerdict verdict) {
  constexpr std::array<const char*, 5> kNames = {"same", "better", "worse", "changed",
                                                 "not tested"};
  return kNames[static_cast<size_t>(verdict)];
}

bool ComparisonReport::regressed() const {
  return ends.worse || !vanished.empty() || !new_failures.empty() ||
         std::any_of(comparisons.begin(), comparisons.end(), [](const Comparison& each) {
           return each.verdict == ComparisonVerdict::kWorse;
         });
}

ComparisonReport CompareResults(const RunResult& base, const RunResult& fresh,
                                const CompareConfig& config) {
  return Comparer(base, fresh, config).Run();
}

}  // namespace lockstep
