#include "coordinator/app/compare.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "common/base/read_file.h"
#include "common/result/compare.h"
#include "common/result/result.h"
#include "coordinator/app/reports.h"

namespace lockstep::coordinator {

absl::StatusOr<RunResult> LoadResult(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::NotFoundError(
        absl::StrCat("cannot read \"", path, "\": ", text.status().message()));
  }
  absl::StatusOr<RunResult> result = ParseResult(*text);
  if (!result.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" ", result.status().message()));
  }
  return result;
}

ExitCode ExecuteCompare(const CompareCommand& command, Logger& logger) {
  const absl::StatusOr<RunResult> base = LoadResult(command.base);
  const absl::StatusOr<RunResult> fresh = LoadResult(command.fresh);
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
