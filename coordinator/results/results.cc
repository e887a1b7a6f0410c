#include "coordinator/results/results.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/messages/words.h"
#include "common/metrics/hide_secrets.h"
#include "common/result/result.h"
#include "common/result/verdict.h"
#include "common/summary/format.h"

namespace lockstep::coordinator {

absl::Status Results::Configure(Setup setup) {
  setup_ = std::move(setup);
  store_ = std::make_unique<AggregateStore>(
      AggregateStore::Config{.breakdown_tags = setup_.breakdown_tags});
  for (const v1::CustomMetric& metric : setup_.custom_metrics) {
    LOCKSTEP_RETURN_IF_ERROR(store_->Define(metric.name(), static_cast<MetricType>(metric.type()),
                                            static_cast<ValueType>(metric.contains())));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(thresholds_,
                            ThresholdSet::Create(setup_.thresholds, store_->metrics()));
  return thresholds_.Register(store_.get());
}

absl::StatusOr<RunResults::Merged> Results::Merge(const std::string& agent,
                                                  absl::string_view batch) {
  LOCKSTEP_ASSIGN_OR_RETURN(Batch decoded, DecodeBatch(batch));
  if (redactor_ != nullptr) {
    HideSecrets(*redactor_, &decoded);
  }
  if (absl::Status merged = MergeDecoded(decoded); !merged.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch ", decoded.number, " of agent ", agent, ": ", merged.message()));
  }
  std::vector<Delivered> delivered = DeliveredBy(decoded);
  load_.Add(agent, decoded, delivered);
  CountInterrupted(delivered);
  errors_.AddFolded(decoded.folded_errors);
  for (const ErrorCount& errors : decoded.errors) {
    errors_.Add(errors, agent);
  }
  if (timeline_.has_value()) {
    timeline_->Add(agent, decoded);
  }
  return Merged{.delivered = std::move(delivered), .until = decoded.end};
}

void Results::CountInterrupted(const std::vector<Delivered>& delivered) {
  for (const Delivered& part : delivered) {
    interrupted_ += static_cast<uint64_t>(std::max<int64_t>(part.interrupted, 0));
  }
}

std::string Results::Shown(const v1::SetupValue& setup) const {
  if (!setup.defined()) {
    return "";
  }
  return redactor_ == nullptr ? setup.json() : redactor_->Redacted(setup.json());
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
  load_.Tick();
  absl::Status merged = MergeDecoded(VusBatch(clock_.Wall(), vus, vus_max, setup_.tags));
  if (!merged.ok()) {
    logger_.Error(absl::StrCat("vus: ", merged.message()));
  }
}

std::optional<std::string> Results::CheckThresholds(absl::Duration measured) {
  ThresholdSet::Outcome outcome = thresholds_.Evaluate(*store_, measured);
  return outcome.abort ? std::make_optional(CrossedMessage(outcome)) : std::nullopt;
}

std::optional<std::string> Results::FinalThresholds(absl::Duration elapsed) {
  ThresholdSet::Outcome outcome = thresholds_.EvaluateFinal(*store_, elapsed);
  for (const std::string& key : outcome.unmatched) {
    logger_.Warn(UnmatchedMessage(key));
  }
  if (outcome.crossed.empty()) {
    return std::nullopt;
  }
  outcome.abort = false;  // the run is over
  return CrossedMessage(outcome);
}

Summary Results::MakeSummary(absl::Duration elapsed) const {
  Summary summary = BuildSummary(*store_, thresholds_, setup_.summary, elapsed);
  summary.errors = errors_.Rows();
  summary.folded_errors = errors_.folded();
  summary.interrupted = interrupted_;
  summary.lost = Lost();
  return summary;
}

std::vector<std::string> Results::Lost() const {
  std::vector<std::string> lost = lost_ ? lost_() : std::vector<std::string>();
  if (const uint64_t refused = store_->refused_points(); refused > 0) {
    lost.push_back(absl::StrCat(
        refused, " samples were more than agents keep for outputs; they are in the figures above"));
  }
  return lost;
}

nlohmann::json Results::MakeExport(const Summary& summary, const v1::SetupValue& setup) const {
  if (setup_.machine_readable.has_value()) {
    return MachineReadableSummary(summary, *setup_.machine_readable, clock_.Wall());
  }
  nlohmann::json data = SummaryExport(summary);
  if (setup.defined()) {
    nlohmann::json value = nlohmann::json::parse(Shown(setup), nullptr, /*allow_exceptions=*/false);
    data["setup_data"] = value.is_discarded() ? nlohmann::json() : std::move(value);
  }
  AddValidity(&data);
  return data;
}

void Results::AddValidity(nlohmann::json* data) const {
  // k6's readers know nothing of it, so it is there only with news.
  const Judgement judgement = judge_ ? judge_() : Judgement();
  if (judgement.validity != v1::Health::VALID) {
    (*data)["validity"] =
        ValidityJson(WordOf(judgement.validity), judgement.reasons, judgement.lost);
  }
}

void Results::AddVerdict(const Summary& summary, nlohmann::json* data) const {
  const RunOutcome outcome = outcome_ ? outcome_() : RunOutcome();
  const EndVerdict verdict =
      MakeVerdict(summary, judge_ ? judge_() : Judgement(), outcome.exit_code, outcome.message);
  if (outcome.exit_code != ExitCode::kSuccess || !verdict.clean() || !verdict.lost.empty()) {
    (*data)["verdict"] = VerdictJson(verdict);
  }
}

std::string Results::SummaryData(absl::Duration elapsed, const v1::SetupValue& setup) {
  SummaryEnvironment environment = setup_.environment;
  if (setup.defined()) {
    environment.setup_data_json = setup.json();
  }
  const Summary summary = MakeSummary(elapsed);
  if (setup_.machine_readable.has_value()) {
    return JsonText(MachineReadableSummary(summary, *setup_.machine_readable, clock_.Wall()));
  }
  nlohmann::json data = HandleSummaryData(summary, environment);
  AddValidity(&data);
  AddVerdict(summary, &data);
  return JsonText(data);
}

// DescribeThresholds casts one to the other.
static_assert(static_cast<int>(ThresholdVerdict::kNoData) == v1::ThresholdStatus::NO_DATA &&
              static_cast<int>(ThresholdVerdict::kPassing) == v1::ThresholdStatus::PASSING &&
              static_cast<int>(ThresholdVerdict::kFailing) == v1::ThresholdStatus::FAILING);

void Results::DescribeThresholds(v1::RunStatus* status) const {
  for (const MetricThresholds& metric : thresholds_.metrics()) {
    const Metric& known = store_->metrics().Get(*store_->metrics().Find(metric.key.metric));
    for (const Threshold& threshold : metric.thresholds) {
      v1::ThresholdStatus& entry = *status->add_thresholds();
      entry.set_metric(metric.key.text);
      entry.set_expression(threshold.expression.text);
      entry.set_value(threshold.value.value_or(0));
      entry.set_verdict(static_cast<v1::ThresholdStatus::Verdict>(threshold.verdict));
      if (threshold.value.has_value()) {
        entry.set_value_text(FormatObserved(*threshold.value, known.type, known.contains,
                                            threshold.expression.method_text,
                                            setup_.summary.time_unit));
      }
    }
  }
}

void Results::DescribeMetrics(absl::Duration elapsed, v1::RunStatus* status) const {
  load_.Describe(status);
  DescribeErrors(status);
  for (std::string& sentence : Lost()) {
    status->add_lost_by_outputs(std::move(sentence));
  }
  const double seconds = absl::ToDoubleSeconds(elapsed);
  for (const AggregateStore::Entry& entry : store_->Entries()) {
    if (entry.aggregate->empty()) {
      continue;
    }
    v1::MetricStatus& metric = *status->add_metrics();
    metric.set_key(entry.key->text);
    metric.set_metric(entry.metric->name);
    metric.set_type(static_cast<v1::MetricKind>(entry.metric->type));
    metric.set_contains(static_cast<v1::MetricContents>(entry.metric->contains));
    metric.set_samples(static_cast<int64_t>(entry.aggregate->count()));
    for (const auto& [key, value] : entry.key->tags) {
      (*metric.mutable_tags())[key] = value;
    }
    auto& values = *metric.mutable_values();
    switch (entry.metric->type) {
      case MetricType::kCounter:
        values["count"] = entry.aggregate->counter().sum();
        values["rate"] = seconds > 0 ? values["count"] / seconds : 0;
        break;
      case MetricType::kGauge:
        values["value"] = entry.aggregate->gauge().last;
        values["min"] = entry.aggregate->gauge().min;
        values["max"] = entry.aggregate->gauge().max;
        break;
      case MetricType::kRate:
        values["rate"] = entry.aggregate->rate().rate();
        values["passes"] = static_cast<double>(entry.aggregate->rate().trues);
        values["fails"] =
            static_cast<double>(entry.aggregate->rate().total - entry.aggregate->rate().trues);
        break;
      case MetricType::kTrend: {
        const Trend& trend = entry.aggregate->trend();
        const std::vector<double> ranks = trend.Percentiles({0.5, 0.9, 0.95, 0.99});
        values["count"] = static_cast<double>(trend.count());
        values["sum"] = trend.sum();
        values["avg"] = trend.avg();
        values["min"] = trend.min();
        values["max"] = trend.max();
        values["med"] = ranks[0];
        values["p(90)"] = ranks[1];
        values["p(95)"] = ranks[2];
        values["p(99)"] = ranks[3];
        break;
      }
    }
  }
}

void Results::DescribeErrors(v1::RunStatus* status) const {
  uint64_t left_out = errors_.folded();
  for (const ErrorRow& row : errors_.Rows()) {
    if (static_cast<size_t>(status->errors_size()) == kMostErrorsInStatus) {
      left_out += row.error.count;
      continue;
    }
    v1::ErrorStatus& error = *status->add_errors();
    error.set_cause(row.error.cause);
    error.set_method(row.error.method);
    error.set_name(row.error.name);
    error.set_count(static_cast<int64_t>(row.error.count));
    error.set_first_unix_ns(row.error.first_unix_nanos);
    for (const auto& [agent, count] : row.agents) {
      (*error.mutable_agents())[agent] = static_cast<int64_t>(count);
    }
  }
  status->set_folded_errors(static_cast<int64_t>(left_out));
}

SummaryGroup Results::Groups() const {
  return MakeSummary(absl::ZeroDuration()).root;
}

}  // namespace lockstep::coordinator
