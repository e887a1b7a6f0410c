#include "coordinator/app/report.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "coordinator/app/compare.h"
#include "coordinator/app/named_files.h"
#include "coordinator/console/streams.h"
#include "coordinator/output/report_file.h"
#include "coordinator/page/page.h"

namespace lockstep::coordinator {

ExitCode ExecuteReport(const ReportCommand& command, Logger& logger) {
  std::vector<NamedFile> files = ReadFilesOf(Command(command));
  files.push_back({"--out", command.out});
  if (const std::vector<std::string> clashes = ClashesOf(files); !clashes.empty()) {
    logger.Error(absl::StrJoin(clashes, "\n"));
    return ExitCode::kOther;
  }
  absl::StatusOr<RunResult> result = LoadResult(command.result);
  std::optional<PageBaseline> baseline;
  absl::Status read = result.status();
  if (!command.base.empty()) {
    absl::StatusOr<RunResult> base = LoadResult(command.base);
    if (base.ok() && result.ok()) {
      ComparisonReport report = CompareResults(*base, *result, command.config);
      baseline = {*std::move(base), std::move(report), command.config};
    } else if (!base.ok()) {
      logger.Error(std::string(base.status().message()));
      read = base.status();
    }
  }
  if (!result.ok()) {
    logger.Error(std::string(result.status().message()));
  }
  if (!read.ok()) {
    return ExitCode::kOther;
  }
  if (!result->history.has_value()) {
    logger.Warn(absl::StrCat("\"", command.result,
                             "\" has no history: the report has tables, but no charts"));
  }
  const std::string page = RenderReport({.result = *std::move(result)}, baseline);
  if (command.out == "-") {
    WriteStdout(page);
    return ExitCode::kSuccess;
  }
  ReportFile file(command.out);
  absl::Status written = file.Reserve();
  if (written.ok()) {
    written = file.Write(page);
  }
  if (!written.ok()) {
    logger.Error(absl::StrCat("--out: ", written.message()));
    return ExitCode::kOther;
  }
  logger.Info(absl::StrCat("the report is in ", command.out));
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
