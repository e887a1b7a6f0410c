#include "coordinator/app/compare.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/options/document.h"
#include "common/result/compare.h"
#include "coordinator/console/streams.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {

absl::StatusOr<RunResult> LoadResult(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::NotFoundError(
        absl::StrCat("cannot read \"", path, "\": ", text.status().message()));
  }
  absl::StatusOr<RunResult> result = ParseResult(*text);
  if (!result.ok()) {
    const absl::Status json = ParseJsonDocument(*text).status();
    return absl::InvalidArgumentError(
        json.ok()
            ? absl::StrCat("\"", path, "\" ", result.status().message())
            : absl::StrCat("\"", path, "\": ", json.message(), "; this is not a result file"));
  }
  return result;
}

namespace {

struct Pair {
  absl::StatusOr<RunResult> base;
  absl::StatusOr<RunResult> fresh;
};

absl::StatusOr<RunResult> ResultIn(Journal& journal, int64_t run) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, journal.ResultOf(run));
  absl::StatusOr<RunResult> result = ParseResult(text);
  return result.ok() ? std::move(result)
                     : absl::DataLossError(absl::StrCat("journal ", journal.path(), ": run ", run,
                                                        " ", result.status().message()));
}

// The last run that a journal has a result of, and the one before it of the same script.
absl::StatusOr<Pair> LastTwo(const std::string& path) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Journal> journal, Journal::OpenHistory(path));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                            journal->Runs(std::numeric_limits<int64_t>::max()));
  const auto has_result = [](const RunRecord& run) { return run.has_result; };
  const auto last = std::find_if(runs.begin(), runs.end(), has_result);
  if (last == runs.end()) {
    return absl::NotFoundError(absl::StrCat("journal ", path, ": it has no run with a result"));
  }
  const auto before = std::find_if(std::next(last), runs.end(), [&](const RunRecord& run) {
    return run.has_result && run.identity.script == last->identity.script;
  });
  if (before == runs.end()) {
    return absl::NotFoundError(absl::StrCat("journal ", path, ": run ", last->id,
                                            " is the only one of ", last->identity.script,
                                            " with a result there"));
  }
  return Pair{ResultIn(*journal, before->id), ResultIn(*journal, last->id)};
}

}  // namespace

ExitCode ExecuteCompare(const CompareCommand& command, Logger& logger) {
  absl::StatusOr<Pair> pair = command.journal.empty()
                                  ? Pair{LoadResult(command.base), LoadResult(command.fresh)}
                                  : LastTwo(command.journal);
  if (!pair.ok()) {
    logger.Error(std::string(pair.status().message()));
    return ExitCode::kOther;
  }
  const auto& [base, fresh] = *pair;
  for (const absl::Status& status : {base.status(), fresh.status()}) {
    if (!status.ok()) {
      logger.Error(std::string(status.message()));
    }
  }
  if (!base.ok() || !fresh.ok()) {
    return ExitCode::kOther;
  }
  const ComparisonReport report = CompareResults(*base, *fresh, command.config);
  const std::string text = command.json ? ComparisonJson(report, command.config).dump(2) + "\n"
                                        : ComparisonText(report, *base, *fresh);
  WriteStdout(text);
  return report.regressed() && command.fail_on_regression ? ExitCode::kThresholdsHaveFailed
                                                          : ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
