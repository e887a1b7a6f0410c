#include "coordinator/app/recover_ended.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "common/base/status_macros.h"
#include "common/result/result.h"
#include "coordinator/app/journal_host.h"
#include "coordinator/app/named_files.h"
#include "coordinator/console/streams.h"
#include "coordinator/output/report_file.h"
#include "coordinator/output/report_outputs.h"
#include "coordinator/page/page.h"

namespace lockstep::coordinator {
namespace {

struct Wanted {
  std::string name;  // of the output
  std::string file;
};

Wanted ReadSpec(const std::string& spec) {
  const size_t equals = spec.find('=');
  return {spec.substr(0, equals), equals == std::string::npos ? "" : spec.substr(equals + 1)};
}

bool CanBeHad(const Wanted& wanted) {
  return (wanted.name == "result" || wanted.name == "report" || wanted.name == "junit") &&
         !wanted.file.empty();
}

// The files to write. Of the run's own outputs, those that cannot be had are only told of.
absl::StatusOr<std::vector<Wanted>> WantedFiles(const RecoverCommand& command,
                                                const RunRecord& record, Logger& logger) {
  LOCKSTEP_ASSIGN_OR_RETURN(const KeptSettings settings,
                            KeptSettings::FromJson(record.identity.settings));
  const bool asked_for = !command.outputs.empty();
  std::vector<Wanted> files;
  for (const auto& [source, spec] : OutputsToWrite(command, settings)) {
    Wanted wanted = ReadSpec(spec);
    if (CanBeHad(wanted)) {
      files.push_back(std::move(wanted));
    } else if (asked_for) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, " ", spec, ": of a run that has ended only its result is kept; ",
                       "expected result=FILE, report=FILE or junit=FILE"));
    } else {
      logger.Info(
          absl::StrCat(source, " ", spec, ": the run itself has written it, or nobody can"));
    }
  }
  if (!command.summary_export.empty()) {
    return absl::InvalidArgumentError(
        "--summary-export: of a run that has ended only its result is kept; expected -o "
        "result=FILE, report=FILE or junit=FILE");
  }
  std::vector<NamedFile> named = {{"the journal", command.journal, NamedFile::Use::kRead}};
  std::vector<std::string> mistakes;
  for (const Wanted& wanted : files) {
    const std::string source = absl::StrCat("-o ", wanted.name);
    named.push_back({source, wanted.file});
    if (const absl::Status checked = ReportFile(wanted.file).Check(); !checked.ok()) {
      mistakes.push_back(absl::StrCat(source, ": ", checked.message()));
    }
  }
  for (std::string& clash : ClashesOf(named)) {
    mistakes.push_back(std::move(clash));
  }
  if (!mistakes.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  }
  return files;
}

// As much of the summary as JUnit's cases are made of.
Summary SummaryOf(const RunResult& result) {
  Summary summary;
  summary.duration = result.duration;
  summary.thresholds_ok = result.thresholds_ok;
  summary.errors = result.errors;
  summary.folded_errors = result.folded_errors;
  summary.root.checks = result.checks;
  for (const ResultMetric& metric : result.metrics) {
    SummaryMetric& each = summary.metrics.emplace_back();
    each.key = metric.key;
    each.parent = metric.tags.empty() ? "" : metric.metric.name;
    each.empty = metric.aggregate.empty();
    each.type = metric.metric.type;
    each.contains = metric.metric.contains;
    each.thresholds = metric.thresholds;
  }
  return summary;
}

std::string Junit(const RunResult& result) {
  const Summary summary = SummaryOf(result);
  const AggregateStore none;
  return JunitXml({.summary = summary,
                   .store = none,
                   .script = result.script,
                   .begin = result.begin,
                   .end = result.end,
                   .judgement = {.validity = result.validity,
                                 .reasons = result.validity_reasons,
                                 .lost = result.lost_agents},
                   .verdict = result.verdict});
}

std::string ContentOf(const Wanted& wanted, const std::string& text, const RunResult& result) {
  if (wanted.name == "report") {
    return RenderReport({.result = result}, std::nullopt);
  }
  return wanted.name == "junit" ? Junit(result) : text + "\n";
}

}  // namespace

std::vector<Setting> OutputsToWrite(const RecoverCommand& command, const KeptSettings& settings) {
  std::vector<Setting> outputs = command.outputs;
  for (size_t i = 0; command.outputs.empty() && i < settings.outputs.size(); ++i) {
    outputs.push_back({"-o", settings.outputs[i]});
  }
  return outputs;
}

absl::StatusOr<ExitCode> WriteOutEnded(const RecoverCommand& command, const RunRecord& record,
                                       Journal& journal, Logger& logger) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Wanted> files, WantedFiles(command, record, logger));
  const std::string run = absl::StrCat("journal ", journal.path(), ": run ", record.id);
  const std::string end =
      absl::StrCat("ended by itself, at ",
                   absl::FormatTime(absl::RFC3339_sec, *record.ended, absl::UTCTimeZone()),
                   ", with exit code ", record.exit_code);
  if (!record.has_result) {
    return absl::NotFoundError(absl::StrCat(
        run, " ", end, "; its result is not there, as nothing was measured or the disk was full"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, journal.ResultOf(record.id));
  const absl::StatusOr<RunResult> result = ParseResult(text);
  if (!result.ok()) {
    return absl::DataLossError(absl::StrCat(run, " ", result.status().message()));
  }
  for (const Wanted& wanted : files) {
    LOCKSTEP_RETURN_IF_ERROR(ReportFile(wanted.file).Write(ContentOf(wanted, text, *result)));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string shown, journal.ShownOf(record.id));
  WriteStdout(absl::StrCat("run ", record.id, ", ", record.identity.script, ", has ", end, "\n",
                           shown.empty() ? EndLine(record) : shown));
  if (files.empty()) {
    logger.Info(
        "nothing was written: -o result=FILE, report=FILE or junit=FILE says what is to be");
  }
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
