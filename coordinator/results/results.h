// What a run has measured so far: batches merged into one store, thresholds judged on it.
// Loop-bound; owns no thread, reads no clock but the one it is given.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/secrets.h"
#include "common/health/judge.h"
#include "common/metrics/aggregate_store.h"
#include "common/metrics/error_table.h"
#include "common/summary/summary.h"
#include "common/threshold/threshold.h"
#include "common/timeline/timeline.h"
#include "coordinator/core/run_outcome.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/results/live_load.h"

namespace lockstep::coordinator {

class Results final : public RunResults {
 public:
  struct Setup {
    std::vector<v1::CustomMetric> custom_metrics;
    std::map<std::string, std::vector<ThresholdConfig>> thresholds;  // empty with --no-thresholds
    std::vector<std::vector<std::string>> breakdown_tags;
    TagList tags;  // of the whole test, for `vus` and `vus_max`
    SummaryConfig summary;
    SummaryEnvironment environment;
    // The name of the script, if summaries for programs are to have the newer of k6's shapes.
    std::optional<std::string> machine_readable;
  };

  // Both are borrowed.
  Results(const Clock& clock, Logger& logger) : clock_(clock), logger_(logger) {}

  // Before the first batch. InvalidArgument: all invalid thresholds, one per line.
  absl::Status Configure(Setup setup);
  // Called with each batch after it was merged, the coordinator's own included.
  void SetOnBatch(absl::AnyInvocable<void(const Batch&)> on_batch) {
    on_batch_ = std::move(on_batch);
  }

  // What it knows is taken out of the tags of all batches, and of what setup() returned where that
  // is shown. Borrowed; before the first batch.
  void SetRedactor(const Redactor* redactor) { redactor_ = redactor; }

  // Asked whenever a summary is made for programs: unless the run is VALID, it gets a key
  // `validity`.
  void SetJudge(absl::AnyInvocable<Judgement() const> judge) { judge_ = std::move(judge); }
  // Asked likewise: how the run ends. Unless it ends well, the data of handleSummary get a key
  // `verdict`.
  void SetOutcome(absl::AnyInvocable<RunOutcome() const> outcome) { outcome_ = std::move(outcome); }

  // Asked likewise: what has not got to the outputs, a sentence each.
  void SetLost(absl::AnyInvocable<std::vector<std::string>() const> lost) {
    lost_ = std::move(lost);
  }

  // From now on a Timeline is kept as well. Before the first batch.
  void RecordTimeline() { timeline_.emplace(); }
  // Null: none is kept.
  Timeline* timeline() { return timeline_.has_value() ? &*timeline_ : nullptr; }
  const Timeline* timeline() const { return timeline_.has_value() ? &*timeline_ : nullptr; }

  absl::StatusOr<Merged> Merge(const std::string& agent, absl::string_view batch) override;
  void AddVus(int64_t vus, int64_t vus_max) override;
  std::optional<std::string> CheckThresholds(absl::Duration measured) override;
  std::optional<std::string> FinalThresholds(absl::Duration elapsed) override;
  std::string SummaryData(absl::Duration elapsed, const v1::SetupValue& setup) override;
  void DescribeThresholds(v1::RunStatus* status) const override;
  // Adds loads, metrics and errors, as of `elapsed` after T0, to a status that has its agents and
  // scenarios. Sorts the values of trends, so it is meant for when somebody asks rather than for
  // every second.
  void DescribeMetrics(absl::Duration elapsed, v1::RunStatus* status) const;
  // Only the loads: cheap enough for ten times a second.
  void DescribeLoad(v1::RunStatus* status) const { load_.Describe(status); }
  // Groups with their checks so far.
  SummaryGroup Groups() const;

  // --summary-export. After FinalThresholds.
  nlohmann::json MakeExport(const Summary& summary, const v1::SetupValue& setup) const;
  // After FinalThresholds.
  Summary MakeSummary(absl::Duration elapsed) const;
  const AggregateStore& store() const { return *store_; }
  // To put back what another process had measured: after Configure, before the first batch.
  AggregateStore& store_to_fill() { return *store_; }
  ErrorTable& errors_to_fill() { return errors_; }
  // Iterations that were cut before their end, of what an agent has delivered.
  void CountInterrupted(const std::vector<Delivered>& delivered);
  // What failed so far, by cause, on which agents. MakeSummary has its rows, too.
  const ErrorTable& errors() const { return errors_; }
  // What setup() returned, for people.
  std::string Shown(const v1::SetupValue& setup) const;

 private:
  static constexpr size_t kMostErrorKinds = 1000;
  static constexpr size_t kMostErrorsInStatus = 100;

  absl::Status MergeDecoded(const Batch& batch);
  void DescribeErrors(v1::RunStatus* status) const;
  // What outputs lack, from the agents' limits to their servers.
  std::vector<std::string> Lost() const;
  void AddValidity(nlohmann::json* data) const;
  // Likewise only with news.
  void AddVerdict(const Summary& summary, nlohmann::json* data) const;

  const Clock& clock_;
  Logger& logger_;
  const Redactor* redactor_ = nullptr;  // null: there are no secrets
  Setup setup_;
  std::unique_ptr<AggregateStore> store_ = std::make_unique<AggregateStore>();
  ThresholdSet thresholds_;
  LiveLoad load_;
  ErrorTable errors_{kMostErrorKinds};
  uint64_t interrupted_ = 0;
  std::optional<Timeline> timeline_;
  absl::AnyInvocable<void(const Batch&)> on_batch_;
  absl::AnyInvocable<Judgement() const> judge_;
  absl::AnyInvocable<RunOutcome() const> outcome_;
  absl::AnyInvocable<std::vector<std::string>() const> lost_;
};

}  // namespace lockstep::coordinator
