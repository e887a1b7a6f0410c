#include "coordinator/app/ending.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "coordinator/app/reports.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

constexpr auto kReplace = nlohmann::json::error_handler_t::replace;

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

Summary Ending::MakeSummary(std::vector<std::string> lost) const {
  Summary summary = parts_.results.MakeSummary(parts_.run.measured());
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

void Ending::WriteSummary(const std::optional<std::map<std::string, std::string>>& outputs) {
  const auto& [run, results, run_outputs, clock, logger] = parts_;
  const Summary summary = MakeSummary(run_outputs.Stop(logger));
  if (outputs.has_value()) {
    WriteSummaryOutputs(*outputs, logger);
  } else {
    WriteStdout(RenderText(summary, {.mode = flags_.summary_mode, .color = color_}));
  }
  ReportValidity(/*in_text=*/!outputs.has_value() && flags_.summary_mode != SummaryMode::kDisabled);
  const absl::Time end = clock.Wall();
  unwritten_ = !run_outputs.Report({.summary = summary,
                                    .store = results.store(),
                                    .script = script_,
                                    .begin = end - summary.duration,
                                    .end = end,
                                    .judgement = run.judgement()},
                                   logger);
  if (export_.has_value()) {
    if (const absl::Status written = export_->Write(
            results.MakeExport(summary, run.setup_data()).dump(4, ' ', false, kReplace));
        !written.ok()) {
      logger.Error(absl::StrCat("--summary-export: ", written.message()));
      unwritten_ = true;
    }
  }
  if (run.elapsed() > absl::ZeroDuration() && run.Snapshot().iterations() == 0) {
    logger.Warn("No script iterations fully finished, consider making the test duration longer");
  }
}

// The generator's own verdict, below the summary's text; where that is not printed, only bad news.
void Ending::ReportValidity(bool in_text) {
  const Judgement judgement = parts_.run.judgement();
  const absl::string_view verdict = WordOf(judgement.validity);
  if (in_text) {
    std::string text = absl::StrCat("    generator: ", verdict, "\n");
    for (const std::string& reason : judgement.reasons) {
      absl::StrAppend(&text, "      - ", reason, "\n");
    }
    WriteStdout(text);
  } else if (judgement.validity != v1::Health::VALID) {
    parts_.logger.Warn(
        absl::StrCat("the generator is ", verdict, ": ", absl::StrJoin(judgement.reasons, "; ")));
  }
}

ExitCode Ending::Judge(const RunOutcome& outcome) {
  ExitCode code = outcome.exit_code;
  const auto validity = parts_.run.judgement().validity;
  if (flags_.fail_on_suspect && code == ExitCode::kSuccess && validity != v1::Health::VALID) {
    code = ExitCode::kGeneratorSuspect;
    parts_.logger.Error(
        absl::StrCat("the generator is ", WordOf(validity), ", and --fail-on-suspect was given"));
  }
  if (unwritten_ && code == ExitCode::kSuccess) {
    code = ExitCode::kOther;  // and why has been told
  }
  LogOutcome(outcome, parts_.clock, parts_.logger);
  return code;
}

}  // namespace lockstep::coordinator
