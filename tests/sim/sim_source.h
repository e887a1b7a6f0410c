// The test that a simulated coordinator runs: where it comes from, and what becomes of what its
// agents measure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/metrics/aggregate_store.h"
#include "common/metrics/error_table.h"
#include "coordinator/core/run.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_setup.h"

namespace lockstep::testing {

class SimSource final : public coordinator::TestSource {
 public:
  explicit SimSource(const SimSetup& setup);

  const coordinator::ScriptSource& script() const override { return script_; }
  void Fetch(const std::string& url,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  absl::StatusOr<coordinator::TestPlan> MakePlan(const v1::Inspected&) override { return plan_; }

 private:
  const coordinator::ScriptSource script_{"file:///dir/script.js", "file:///dir/", "the script"};
  coordinator::TestPlan plan_;
};

// Tells the ledger of each batch, and keeps how many iterations there were.
class SimResults final : public coordinator::RunResults {
 public:
  // Both are borrowed.
  SimResults(Ledger& ledger, const SimSetup& setup) : ledger_(ledger), setup_(setup) {}

  absl::StatusOr<Merged> Merge(const std::string& agent, absl::string_view batch) override;
  void AddVus(int64_t, int64_t) override {}
  std::optional<std::string> CheckThresholds(absl::Duration measured) override;
  std::optional<std::string> FinalThresholds(absl::Duration) override { return std::nullopt; }
  std::string SummaryData(absl::Duration, const v1::SetupValue&) override { return "{}"; }
  void DescribeThresholds(v1::RunStatus*) const override {}
  // See SimOutcome.
  const std::vector<std::pair<absl::Duration, size_t>>& judged() const { return judged_; }

  AggregateStore store;
  ErrorTable errors;

 private:
  Ledger& ledger_;
  const SimSetup& setup_;
  std::vector<std::pair<absl::Duration, size_t>> judged_;
};

}  // namespace lockstep::testing
