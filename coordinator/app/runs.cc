#include "coordinator/app/runs.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "common/base/display_width.h"
#include "common/base/json_text.h"
#include "coordinator/console/streams.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {
namespace {

constexpr char kUnfinished[] = "UNFINISHED";
constexpr size_t kWidestScript = 40;

std::string VerdictOf(const RunRecord& run) {
  return run.ended.has_value() ? run.verdict : kUnfinished;
}

// To tenths of a second; of less than one, to milliseconds.
std::string LengthOf(absl::Duration duration) {
  const absl::Duration unit = absl::Milliseconds(duration < absl::Seconds(1) ? 1 : 100);
  return duration > absl::ZeroDuration() && duration < unit
             ? "<1ms"
             : absl::FormatDuration(absl::Floor(duration, unit));
}

std::vector<std::string> Row(const RunRecord& run, absl::TimeZone zone) {
  const bool told = !run.verdict.empty();  // by its end, or by recovery
  return {absl::StrCat(run.id),
          absl::FormatTime("%Y-%m-%d %H:%M:%S", run.identity.begun, zone),
          CutToWidth(run.identity.script, kWidestScript),
          absl::StrCat(run.identity.agents),
          told ? LengthOf(run.duration) : "-",
          told ? absl::StrCat(run.requests) : "-",
          told ? absl::StrCat(run.failed) : "-",
          told ? absl::StrCat(run.iterations) : "-",
          VerdictOf(run),
          told ? absl::StrCat(run.exit_code) : "-",
          run.validity.empty() ? "-" : run.validity};
}

// The latest first.
std::string RunsText(const std::vector<RunRecord>& runs, absl::TimeZone zone) {
  if (runs.empty()) {
    return "no runs\n";
  }
  std::vector<std::vector<std::string>> rows = {{"RUN", "BEGUN", "SCRIPT", "AGENTS", "LENGTH",
                                                 "REQUESTS", "FAILED", "ITERATIONS", "VERDICT",
                                                 "EXIT", "GENERATOR"}};
  for (const RunRecord& run : runs) {
    rows.push_back(Row(run, zone));
  }
  return absl::StrCat(absl::StrJoin(AlignColumns(rows), "\n"), "\n");
}

nlohmann::json RunsJson(const std::vector<RunRecord>& runs) {
  const auto stamp = [](absl::Time time) {
    return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
  };
  nlohmann::json list = nlohmann::json::array();
  for (const RunRecord& run : runs) {
    const bool told = !run.verdict.empty();
    list.push_back(
        {{"run", run.id},
         {"script", run.identity.script},
         {"version", run.identity.version},
         {"agents", run.identity.agents},
         {"begun", stamp(run.identity.begun)},
         {"ended", run.ended.has_value() ? nlohmann::json(stamp(*run.ended)) : nlohmann::json()},
         {"durationMs", absl::ToDoubleMilliseconds(run.duration)},
         {"requests", run.requests},
         {"failed", run.failed},
         {"iterations", run.iterations},
         {"verdict", VerdictOf(run)},
         {"reason", run.reason},
         {"exitCode", told ? nlohmann::json(run.exit_code) : nlohmann::json()},
         {"validity", run.validity}});
  }
  return list;
}

}  // namespace

ExitCode ExecuteRuns(const RunsCommand& command, Logger& logger) {
  const absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::OpenHistory(command.journal);
  absl::StatusOr<std::vector<RunRecord>> runs =
      journal.ok() ? (*journal)->Runs(command.most) : journal.status();
  if (!runs.ok()) {
    logger.Error(std::string(runs.status().message()));
    return ExitCode::kOther;
  }
  WriteStdout(command.json ? JsonText(RunsJson(*runs), 2) + "\n"
                           : RunsText(*runs, absl::LocalTimeZone()));
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
