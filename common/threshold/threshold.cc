#include "common/threshold/threshold.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/nearest.h"
#include "common/base/status_macros.h"

namespace lockstep {
namespace {

std::vector<std::string> NamesOf(const MetricRegistry& metrics) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < metrics.size(); ++i) {
    names.push_back(metrics.Get(MetricId{i}).name);
  }
  return names;
}

}  // namespace

bool MetricThresholds::ok() const {
  return std::all_of(thresholds.begin(), thresholds.end(),
                     [](const Threshold& each) { return each.ok(); });
}

absl::StatusOr<ThresholdSet> ThresholdSet::Create(
    const std::map<std::string, std::vector<ThresholdConfig>>& config,
    const MetricRegistry& known) {
  ThresholdSet set;
  std::vector<std::string> errors;
  for (const auto& [name, wanted] : config) {
    MetricThresholds metric;
    std::optional<MetricType> type;
    absl::StatusOr<MetricKey> key = ParseMetricKey(name);
    if (!key.ok()) {
      errors.push_back(absl::StrCat("invalid threshold defined on ", name,
                                    "; reason: ", key.status().message()));
    } else {
      const std::optional<MetricId> id = known.Find(key->metric);
      if (id) {
        type = known.Get(*id).type;
      } else {
        errors.push_back(absl::StrCat("invalid threshold defined on ", name,
                                      "; reason: no metric name \"", key->metric, "\" found",
                                      DidYouMean(key->metric, NamesOf(known))));
      }
      metric.key = *std::move(key);
    }
    for (const ThresholdConfig& each : wanted) {
      absl::StatusOr<ThresholdExpression> expression = ParseThreshold(each.expression);
      if (!expression.ok()) {
        errors.push_back(absl::StrCat("invalid threshold defined on ", name,
                                      "; reason: ", expression.status().message()));
        continue;
      }
      const absl::Status method = type ? CheckMethod(*expression, *type) : absl::OkStatus();
      if (!method.ok()) {
        errors.push_back(absl::StrCat("invalid threshold \"", each.expression,
                                      "\" applied on metric ", name,
                                      "; reason: ", method.message()));
        continue;
      }
      Threshold threshold;
      threshold.expression = *std::move(expression);
      threshold.abort_on_fail = each.abort_on_fail;
      threshold.delay_abort_eval = each.delay_abort_eval;
      const absl::Duration window = threshold.expression.window;
      if (window > absl::ZeroDuration() && type) {
        metric.windows.try_emplace(window, *type, window);
      }
      metric.thresholds.push_back(std::move(threshold));
    }
    set.Add(std::move(metric));
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  }
  return set;
}

void ThresholdSet::Add(MetricThresholds metric) {
  const auto same =
      std::find_if(metrics_.begin(), metrics_.end(),
                   [&metric](const MetricThresholds& m) { return m.key.text == metric.key.text; });
  if (same == metrics_.end()) {
    metrics_.push_back(std::move(metric));
    return;
  }
  same->windows.merge(metric.windows);
  std::move(metric.thresholds.begin(), metric.thresholds.end(),
            std::back_inserter(same->thresholds));
}

absl::Status ThresholdSet::Register(AggregateStore* store) const {
  for (const MetricThresholds& metric : metrics_) {
    LOCKSTEP_RETURN_IF_ERROR(store->AddSubmetric(metric.key));
    if (!metric.windows.empty()) {
      LOCKSTEP_RETURN_IF_ERROR(store->Watch(metric.key));
    }
  }
  return absl::OkStatus();
}

namespace {

// What a threshold compares with when there was nothing to measure, as in k6: trends and gauges are
// 0 then, and a rate is nothing, which passes.
std::optional<double> ValueOfNone(MetricType type) {
  return type == MetricType::kRate ? std::nullopt : std::make_optional(0.0);
}

// On everything so far.
void JudgeWhole(const Aggregate* aggregate, absl::Duration elapsed, bool final,
                Threshold* threshold) {
  threshold->value.reset();
  if (aggregate != nullptr && !aggregate->empty()) {
    threshold->value = lockstep::Evaluate(*aggregate, threshold->expression.method, elapsed);
  } else if (aggregate != nullptr && final) {
    threshold->value = ValueOfNone(aggregate->type());
  }
  threshold->verdict = ThresholdVerdict::kNoData;
  if (threshold->value) {
    threshold->verdict = threshold->expression.Holds(*threshold->value)
                             ? ThresholdVerdict::kPassing
                             : ThresholdVerdict::kFailing;
  }
}

// On the window that ends now; a verdict of an earlier window stays if it is worse. Whether this
// window fails.
bool JudgeWindow(const Aggregate& aggregate, const SlidingWindow& window, bool final,
                 Threshold* threshold) {
  const ThresholdExpression& expression = threshold->expression;
  const bool first = threshold->verdict == ThresholdVerdict::kNoData;
  if (!window.full() && !(final && first)) {
    return false;
  }
  // A counter that was silent for a whole window has counted 0; before its first sample it may
  // not be in use yet.
  if (aggregate.empty() && !final && first) {
    return false;
  }
  const std::optional<double> value =
      lockstep::Evaluate(aggregate, expression.method, window.covered());
  if (!value) {
    return false;
  }
  if (!threshold->value || expression.Worse(*value, *threshold->value)) {
    threshold->value = value;
  }
  threshold->verdict =
      expression.Holds(*threshold->value) ? ThresholdVerdict::kPassing : ThresholdVerdict::kFailing;
  return !expression.Holds(*value);
}

}  // namespace

ThresholdSet::Outcome ThresholdSet::Judge(AggregateStore& store, absl::Duration elapsed,
                                          bool final) {
  Outcome outcome;
  for (MetricThresholds& metric : metrics_) {
    const Aggregate* aggregate =
        store.Find(metric.key.is_submetric() ? metric.key.text : metric.key.metric);
    std::map<absl::Duration, Aggregate> recent;
    if (!metric.windows.empty()) {
      const Aggregate slice = store.TakeRecent(metric.key);
      for (auto& [length, window] : metric.windows) {
        window.Push(elapsed, slice);
        recent.emplace(length, window.Value());
      }
    }
    for (Threshold& threshold : metric.thresholds) {
      const absl::Duration length = threshold.expression.window;
      bool fails = false;
      if (length > absl::ZeroDuration()) {
        fails = JudgeWindow(recent.at(length), metric.windows.at(length), final, &threshold);
      } else {
        JudgeWhole(aggregate, elapsed, final, &threshold);
        fails = threshold.verdict == ThresholdVerdict::kFailing;
      }
      if (fails && threshold.abort_on_fail && elapsed >= threshold.delay_abort_eval) {
        outcome.abort = true;
      }
    }
    if (final && !metric.thresholds.empty() && aggregate != nullptr && aggregate->empty() &&
        JudgesNothingWithoutSamples(metric.key.is_submetric(), aggregate->type())) {
      outcome.unmatched.push_back(metric.key.text);
    }
    if (!metric.ok()) {
      outcome.crossed.push_back(metric.key.text);
    }
  }
  return outcome;
}

ThresholdSet::Outcome ThresholdSet::Evaluate(AggregateStore& store, absl::Duration elapsed) {
  return Judge(store, elapsed, /*final=*/false);
}

ThresholdSet::Outcome ThresholdSet::EvaluateFinal(AggregateStore& store, absl::Duration elapsed) {
  Outcome outcome = Judge(store, elapsed, /*final=*/true);
  outcome.abort = false;  // there is nothing left to abort
  return outcome;
}

std::string UnmatchedMessage(absl::string_view key) {
  return absl::StrCat("the threshold on '", key, "' was judged without a sample: ",
                      absl::StrContains(key, '{')
                          ? "no sample had these tags; is one of them misspelled?"
                          : "the test has not measured it at all");
}

std::string CrossedMessage(const ThresholdSet::Outcome& outcome) {
  const std::string metrics = absl::StrJoin(outcome.crossed, ", ");
  return outcome.abort ? absl::StrCat("thresholds on metrics '", metrics,
                                      "' were crossed; at least one has abortOnFail enabled, "
                                      "stopping test prematurely")
                       : absl::StrCat("thresholds on metrics '", metrics, "' have been crossed");
}

}  // namespace lockstep
