#include "coordinator/core/results.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

absl::Status Results::Configure(Setup setup) {
  setup_ = std::move(setup);
  store_ = std::make_unique<AggregateStore>(
      AggregateStore::Config{.breakdown_tags = setup_.breakdown_tags});
  for (const v1::CustomMetric& metric : setup_.custom_metrics) {
    std::optional<MetricType> type = ParseMetricType(metric.type());
    std::optional<ValueType> contains =
        ParseValueType(metric.contains().empty() ? "default" : metric.contains());
    if (!type.has_value() || !contains.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("metric ", metric.name(), ": unknown type ",
                                                     metric.type(), " or unit ",
                                                     metric.contains()));
    }
    LOCKSTEP_RETURN_IF_ERROR(store_->Define(metric.name(), *type, *contains));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(thresholds_,
                            ThresholdSet::Create(setup_.thresholds, store_->metrics()));
  return thresholds_.Register(store_.get());
}

absl::Status Results::Merge(const std::string& agent, absl::string_view batch) {
  LOCKSTEP_ASSIGN_OR_RETURN(Batch decoded, DecodeBatch(batch));
  if (absl::Status merged = MergeDecoded(decoded); !merged.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch ", decoded.number, " of agent ", agent, ": ", merged.message()));
  }
  return absl::OkStatus();
}

absl::Status Results::MergeDecoded(const Batch& batch) {
  LOCKSTEP_RETURN_IF_ERROR(store_->Merge(batch));
  for (const std::string& warning : store_->TakeWarnings()) {
    logger_.Warn(warning);
  }
  if (on_batch_) {
    on_batch_(batch);
  }
  return absl::OkStatus();
}

void Results::AddVus(int64_t vus, int64_t vus_max) {
  absl::Status merged = MergeDecoded(VusBatch(clock_.Wall(), vus, vus_max, setup_.tags));
  if (!merged.ok()) {
    logger_.Error(absl::StrCat("vus: ", merged.message()));
  }
}

std::optional<std::string> Results::CheckThresholds(absl::Duration elapsed) {
  ThresholdSet::Outcome outcome = thresholds_.Evaluate(*store_, elapsed);
  return outcome.abort ? std::make_optional(CrossedMessage(outcome)) : std::nullopt;
}

std::optional<std::string> Results::FinalThresholds(absl::Duration elapsed) {
  ThresholdSet::Outcome outcome = thresholds_.EvaluateFinal(*store_, elapsed);
  if (outcome.crossed.empty()) {
    return std::nullopt;
  }
  outcome.abort = false;  // the run is over
  return CrossedMessage(outcome);
}

Summary Results::MakeSummary(absl::Duration elapsed) const {
  return BuildSummary(*store_, thresholds_, setup_.summary, elapsed);
}

std::string Results::SummaryData(absl::Duration elapsed, const v1::SetupValue& setup) {
  SummaryEnvironment environment = setup_.environment;
  if (setup.defined()) {
    environment.setup_data_json = setup.json();
  }
  return HandleSummaryData(MakeSummary(elapsed), environment)
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Results::DescribeThresholds(v1::RunStatus* status) const {
  for (const MetricThresholds& metric : thresholds_.metrics()) {
    for (const Threshold& threshold : metric.thresholds) {
      v1::ThresholdStatus& entry = *status->add_thresholds();
      entry.set_metric(metric.key.text);
      entry.set_expression(threshold.expression.text);
      entry.set_value(threshold.value.value_or(0));
      switch (threshold.verdict) {
        case ThresholdVerdict::kNoData:
          entry.set_verdict("no data");
          break;
        case ThresholdVerdict::kPassing:
          entry.set_verdict("passing");
          break;
        case ThresholdVerdict::kFailing:
          entry.set_verdict("failing");
          break;
      }
    }
  }
}

}  // namespace lockstep::coordinator
