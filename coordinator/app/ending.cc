#include "coordinator/app/ending.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/json_text.h"
#include "common/base/version.h"
#include "common/messages/words.h"
#include "coordinator/app/reports.h"
#include "coordinator/console/streams.h"
#include "coordinator/output/report_outputs.h"

namespace lockstep::coordinator {
namespace {

// How long readers may take nothing before the end is settled without them: what they miss in the
// end is only told, and in the exit code.
constexpr absl::Duration kPatience = absl::Seconds(1);

// Whether a run that has measured nothing was to start: neither its script nor its settings were
// wrong.
bool EndsBeforeItsStart(const RunOutcome& outcome) {
  return !outcome.script_fault && !outcome.refused &&
         (outcome.exit_code == ExitCode::kExternalAbort ||
          outcome.exit_code == ExitCode::kGenericTimeout || outcome.exit_code == ExitCode::kOther);
}

}  // namespace

void LogOutcome(const RunOutcome& outcome, const Clock& clock, Logger& logger) {
  if (outcome.message.empty() || outcome.logged) {
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

Ending::Ending(Parts parts, const RunSettingsFlags& flags, std::string script, Looks looks)
    : parts_(parts),
      flags_(flags),
      script_(std::move(script)),
      look_(looks.out),
      error_look_(looks.error) {
  parts_.results.SetLost([&outputs = parts_.outputs] { return outputs.Lost(); });
}

absl::Status Ending::Reserve() {
  if (flags_.summary_export.empty()) {
    return absl::OkStatus();
  }
  const absl::Status reserved = export_.emplace(flags_.summary_export).Reserve();
  return reserved.ok() ? reserved
                       : absl::UnavailableError(
                             absl::StrCat(flags_.summary_export_source, ": ", reserved.message()));
}

void Ending::WriteSummary(EndFacts facts,
                          const std::optional<std::map<std::string, std::string>>& outputs,
                          std::optional<History> history) {
  const auto& [results, run_outputs, clock, logger] = parts_;
  facts_ = std::move(facts);
  history_ = std::move(history);
  run_outputs.Stop(logger);
  summary_ = results.MakeSummary(facts_.measured);
  files_ = run_outputs.files();
  if (outputs.has_value()) {
    files_.Update(WriteSummaryOutputs(*outputs, inputs_, logger));
  } else {
    WriteStdout(RenderText(*summary_, {.mode = flags_.summary_mode, .color = look_.color}));
  }
  text_shown_ = !outputs.has_value() && flags_.summary_mode != SummaryMode::kDisabled;
  if (export_.has_value()) {
    if (const absl::Status written =
            export_->Write(JsonText(results.MakeExport(*summary_, facts_.setup), 4));
        !written.ok()) {
      const std::string error = absl::StrCat(flags_.summary_export_source, ": ", written.message());
      logger.Error(error);
      files_.Update(absl::DataLossError(error));
    }
  }
  if (facts_.elapsed > absl::ZeroDuration() && facts_.iterations == 0) {
    logger.Warn("No script iterations fully finished, consider making the test duration longer");
  }
}

absl::Status Ending::Written() const {
  absl::Status written = files_;
  FlushStreams(kPatience);
  for (const std::string& loss : parts_.logger.LostSoFar()) {
    written.Update(absl::DataLossError(loss));
  }
  written.Update(StdoutSoFar());
  return written;
}

absl::Status Ending::Report(const RunOutcome& outcome, const Judgement& judgement) {
  const RunReport report{
      .summary = *summary_,
      .store = parts_.results.store(),
      .script = script_,
      .begin = facts_.begin,
      .end = facts_.end,
      .judgement = judgement,
      .verdict = MakeVerdict(*summary_, judgement, outcome.exit_code, outcome.message),
      .history = history_.has_value() ? &*history_ : nullptr};
  result_ = ResultOf(report, kVersion);
  return parts_.outputs.Report(report, parts_.logger);
}

ExitCode Ending::End(const RunOutcome& outcome, const Judgement& judgement) {
  RunOutcome last = outcome;
  // What else has gone wrong decides nothing any more; each loss is told where it is found.
  const auto fail = [&](const absl::Status& status) {
    if (!status.ok() && last.exit_code == ExitCode::kSuccess) {
      last = {ExitCode::kOther, std::string(status.message())};
    }
    if (result_.has_value()) {
      result_->verdict = MakeVerdict(*summary_, judgement, last.exit_code, last.message);
    }
  };
  fail(Written());
  if (summary_.has_value()) {
    fail(Report(last, judgement));
  }
  const bool to_log = !text_shown_ && !error_look_.has_value();
  LogOutcome(outcome, parts_.clock, parts_.logger);
  if (result_.has_value() && to_log) {
    LogVerdict(result_->verdict);
  }
  ShowVerdict(last, judgement);
  FlushStreams(kPatience);
  fail(StdoutSoFar());
  return last.exit_code;
}

void Ending::ShowVerdict(const RunOutcome& last, const Judgement& judgement) const {
  if (result_.has_value() && text_shown_) {
    WriteStdout(RenderVerdict(result_->verdict, *summary_, look_));
  } else if (result_.has_value() && error_look_.has_value()) {
    WriteStderr(RenderVerdict(result_->verdict, *summary_, *error_look_));
  } else if (!result_.has_value() && EndsBeforeItsStart(last) &&
             flags_.summary_mode != SummaryMode::kDisabled) {
    const Summary nothing;
    WriteStdout(RenderVerdict(MakeVerdict(nothing, judgement, last.exit_code, last.message),
                              nothing, look_));
  }
}

std::string Ending::Text() const {
  return !result_.has_value() ? ""
                              : absl::StrCat(RenderText(*summary_, {.mode = flags_.summary_mode}),
                                             RenderVerdict(result_->verdict, *summary_, {}));
}

void Ending::LogVerdict(const EndVerdict& verdict) {
  if (!IsGood(verdict.word) || !verdict.clean()) {
    parts_.logger.Warn(VerdictLine(verdict, *summary_));
  }
  if (!IsSteady(verdict.judgement.validity)) {
    parts_.logger.Warn(absl::StrCat("the generator is ", WordOf(verdict.judgement.validity), ": ",
                                    absl::StrJoin(verdict.judgement.reasons, "; ")));
  }
  for (const std::string& remark : verdict.judgement.remarks) {
    parts_.logger.Warn(remark);
  }
}

}  // namespace lockstep::coordinator
