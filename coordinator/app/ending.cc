#include "coordinator/app/ending.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/json_text.h"
#include "common/base/version.h"
#include "coordinator/app/reports.h"
#include "coordinator/console/streams.h"
#include "coordinator/output/report_outputs.h"
#include "proto/words.h"

namespace lockstep::coordinator {

namespace {

// Whether a run that has measured nothing was to start: neither its script nor its settings were wrong.
bool EndsBeforeItsStart(const RunOutcome& outcome) {
  return !outcome.script_fault &&
         (outcome.exit_code == ExitCode::kExternalAbort ||
          outcome.exit_code == ExitCode::kGenericTimeout || outcome.exit_code == ExitCode::kOther);
}

}  // namespace

void LogOutcome(const RunOutcome& outcome, const Clock& clock, Logger& logger) {
  if (outcome.message.empty()) {
    return;
  }
  LogRecord record;
  record.time = clock.Wall();
  record.level = LogLevel::kError;
  record.message = outcome.message;
  if (outcome.script_fault) {
    record.fields.emplace_back("hint", "script exception");
  }
  logger.Write(std::move(record));
}

EndFacts FactsOf(const Run& run, const Clock& clock) {
  return {.measured = run.measured(),
          .elapsed = run.elapsed(),
          .iterations = run.Snapshot().iterations(),
          .outcome = run.outcome(),
          .judgement = run.judgement(),
          .setup = run.setup_data(),
          .begin = run.began(),
          .end = clock.Wall()};
}

Summary Ending::MakeSummary(absl::Duration measured, std::vector<std::string> lost) const {
  Summary summary = parts_.results.MakeSummary(measured);
  if (const uint64_t refused = parts_.results.store().refused_points(); refused > 0) {
    lost.push_back(absl::StrCat(
        refused, " samples were more than agents keep for outputs; they are in the figures above"));
  }
  summary.lost = std::move(lost);
  return summary;
}

absl::Status Ending::Reserve() {
  if (flags_.summary_export.empty()) {
    return absl::OkStatus();
  }
  const absl::Status reserved = export_.emplace(flags_.summary_export).Reserve();
  return reserved.ok()
             ? reserved
             : absl::UnavailableError(absl::StrCat("--summary-export: ", reserved.message()));
}

RunResult Ending::WriteSummary(const EndFacts& facts,
                               const std::optional<std::map<std::string, std::string>>& outputs,
                               const History* history) {
  const auto& [results, run_outputs, clock, logger] = parts_;
  summary_ = MakeSummary(facts.measured, run_outputs.Stop(logger));
  unwritten_ = !run_outputs.files_complete();
  if (outputs.has_value()) {
    unwritten_ = !WriteSummaryOutputs(*outputs, logger) || unwritten_;
  } else {
    WriteStdout(RenderText(*summary_, {.mode = flags_.summary_mode, .color = look_.color}));
  }
  text_shown_ = !outputs.has_value() && flags_.summary_mode != SummaryMode::kDisabled;
  const RunReport report{.summary = *summary_,
                         .store = results.store(),
                         .script = script_,
                         .begin = facts.begin,
                         .end = facts.end,
                         .judgement = facts.judgement,
                         .verdict = MakeVerdict(*summary_, facts.judgement, facts.outcome.exit_code,
                                                facts.outcome.message),
                         .history = history};
  unwritten_ = !run_outputs.Report(report, logger) || unwritten_;
  if (export_.has_value()) {
    if (const absl::Status written =
            export_->Write(JsonText(results.MakeExport(*summary_, facts.setup), 4));
        !written.ok()) {
      logger.Error(absl::StrCat("--summary-export: ", written.message()));
      unwritten_ = true;
    }
  }
  if (facts.elapsed > absl::ZeroDuration() && facts.iterations == 0) {
    logger.Warn("No script iterations fully finished, consider making the test duration longer");
  }
  return ResultOf(report, kVersion);
}

ExitCode Ending::Judge(const RunOutcome& outcome, const Judgement& judgement) {
  RunOutcome last = outcome;
  const bool suspect = flags_.fail_on_suspect && last.exit_code == ExitCode::kSuccess &&
                       judgement.validity != v1::Health::VALID;
  if (suspect) {
    last = {ExitCode::kGeneratorSuspect,
            absl::StrCat("the generator is ", WordOf(judgement.validity),
                         ", and --fail-on-suspect was given")};
  } else if (unwritten_ && last.exit_code == ExitCode::kSuccess) {
    last = {ExitCode::kOther, "a file could not be written"};  // which one has been told
  }
  std::optional<EndVerdict>& verdict = verdict_;
  if (summary_.has_value()) {
    verdict = MakeVerdict(*summary_, judgement, last.exit_code, last.message);
  }
  const bool to_log = !text_shown_ && !error_look_.has_value();
  if (verdict.has_value() && to_log) {
    LogVerdict(*verdict);  // first: who reads logs takes the last error for the run's
  }
  LogOutcome(outcome, parts_.clock, parts_.logger);
  if (suspect) {
    parts_.logger.Error(last.message);
  }
  if (!verdict.has_value() && EndsBeforeItsStart(last) &&
      flags_.summary_mode != SummaryMode::kDisabled) {
    const Summary nothing;
    WriteStdout(RenderVerdict(MakeVerdict(nothing, judgement, last.exit_code, last.message),
                              nothing, look_));
  } else if (verdict.has_value() && text_shown_) {
    WriteStdout(RenderVerdict(*verdict, *summary_, look_));
  } else if (verdict.has_value() && !to_log) {
    WriteStderr(RenderVerdict(*verdict, *summary_, *error_look_));
  }
  return last.exit_code;
}

void Ending::LogVerdict(const EndVerdict& verdict) {
  if (!IsGood(verdict.word) || !verdict.clean()) {
    parts_.logger.Warn(VerdictLine(verdict, *summary_));
  }
  if (verdict.judgement.validity != v1::Health::VALID) {
    parts_.logger.Warn(absl::StrCat("the generator is ", WordOf(verdict.judgement.validity), ": ",
                                    absl::StrJoin(verdict.judgement.reasons, "; ")));
  }
  for (const std::string& remark : verdict.judgement.remarks) {
    parts_.logger.Warn(remark);
  }
}

}  // namespace lockstep::coordinator
