// A run's result as a file for programs: all metrics with mergeable values (histograms, exact
// sums), checks and thresholds. The schema is documented in deploy/docs/results.md; `lockstep
// compare` reads it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "common/health/judge.h"
#include "common/metrics/aggregate_store.h"
#include "common/result/verdict.h"
#include "common/summary/summary.h"
#include "common/timeline/history.h"

namespace lockstep {

// The value of `schema`.
inline constexpr char kResultSchema[] = "lockstep.result/1";

// The percentiles that a result has of each trend, as the run's summary shows them: a histogram
// alone is a little less exact.
inline constexpr double kResultRanks[] = {0.5, 0.9, 0.95, 0.99};

struct ResultMetric {
  std::string key;  // "http_reqs", or "http_reqs{status:200}" of a submetric
  Metric metric;
  TagList tags;  // empty: the metric itself
  Aggregate aggregate{MetricType::kCounter};
  std::vector<SummaryThreshold> thresholds;
  std::vector<double> told_ranks = {};  // of a trend, by its file; empty: `aggregate` knows them

  // Of a trend with samples: those of kResultRanks.
  std::vector<double> Ranks() const;
};

struct RunResult {
  std::string version;  // of Lockstep
  std::string script;
  absl::Time begin = absl::UnixEpoch();
  absl::Time end = absl::UnixEpoch();
  absl::Duration duration = absl::ZeroDuration();  // of the load alone
  std::vector<ResultMetric> metrics;               // in the order of their keys
  std::vector<SummaryCheck> checks;                // name, path, passes and fails
  bool thresholds_ok = true;
  // Whether the generator was a steady ruler, and why it was not. UNKNOWN: nothing was measured.
  v1::Health::Validity validity = v1::Health::VALID;
  std::vector<std::string> validity_reasons;
  std::vector<LostAgent> lost_agents;
  EndVerdict verdict;  // its judgement is not read back
  // What failed, by cause, the most frequent first; and the failures that have no row there.
  std::vector<ErrorRow> errors;
  uint64_t folded_errors = 0;
  std::optional<History> history;  // the run over time; none: nobody recorded it
};

// All metrics of `store` that have samples or thresholds.
RunResult MakeResult(const AggregateStore& store, const Summary& summary);

// The validity of the generator, as all JSON has it: `verdict`, `reasons` and, if there are any,
// `lostAgents`, each with `name`, `at` (RFC 3339), `afterMs` (since the start; null: before it),
// `reason` and `missing`.
nlohmann::json ValidityJson(absl::string_view word, const std::vector<std::string>& reasons,
                            const std::vector<LostAgent>& lost_agents);

nlohmann::json ResultToJson(const RunResult& result);
// InvalidArgument says why the text is not a result: not JSON, another schema, or a field, named by
// its path, that is missing or wrong.
absl::StatusOr<RunResult> ParseResult(absl::string_view text);

}  // namespace lockstep
