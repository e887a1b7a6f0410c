#include "coordinator/app/recover.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "common/options/consolidate.h"
#include "common/options/duration.h"
#include "common/options/options_json.h"
#include "coordinator/app/ending.h"
#include "coordinator/app/journal_host.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/recover_ended.h"
#include "coordinator/console/streams.h"
#include "coordinator/core/division.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_status.h"
#include "coordinator/output/report_outputs.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {
namespace {

class Recovery {
 public:
  Recovery(const RecoverCommand& command, const Environment& environment, RunLogger& logger)
      : command_(command), environment_(environment), logger_(logger), results_(clock_, logger) {}

  absl::StatusOr<ExitCode> Execute();

 private:
  absl::Status Load();
  absl::Status StartOutputs(const RunOptions& options);
  EndFacts Facts();
  // From the start to the end of what was measured.
  absl::Duration Elapsed() const;
  std::string Moment() const;

  const RecoverCommand& command_;
  const Environment& environment_;
  RunLogger& logger_;
  const SystemClock clock_;
  std::unique_ptr<Journal> journal_;
  UnfinishedRun run_;
  KeptSettings settings_;
  RunSettingsFlags flags_;
  Results results_;
  std::optional<History> history_;  // nothing: nobody recorded it
  RunOutputs outputs_;
};

absl::Status Recovery::Load() {
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<UnfinishedRun> unfinished,
                            journal_->FindUnfinished(command_.run));
  if (!unfinished.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        "journal ", command_.journal,
        ": all of its runs have ended by themselves, and there is nothing to recover; --run N -o "
        "result=FILE writes the result of one of them"));
  }
  if (unfinished->run.state < v1::RunStatus::RUNNING) {
    return absl::NotFoundError(absl::StrCat("journal ", command_.journal, ": run ", unfinished->id,
                                            " of ", unfinished->identity.script,
                                            " had not started when its coordinator was gone: "
                                            "nothing was measured"));
  }
  run_ = *std::move(unfinished);
  for (const auto* secrets : {&run_.inspected.secrets(), &run_.run.script.setup_data->secrets()}) {
    for (const std::string& secret : *secrets) {
      logger_.redactor().Add(secret);
    }
  }
  results_.SetRedactor(&logger_.redactor());
  LOCKSTEP_ASSIGN_OR_RETURN(settings_, KeptSettings::FromJson(run_.identity.settings));
  LOCKSTEP_ASSIGN_OR_RETURN(const Options options, FromCanonicalJson(run_.options_json));
  RunOptions settled = Settle(options);
  HideSecretsIn(logger_.redactor(), &settled);
  flags_.summary_mode = command_.summary_mode.value_or(settings_.summary_mode);
  flags_.summary_export =
      command_.summary_export.empty() ? settings_.summary_export : command_.summary_export;
  flags_.no_thresholds = settings_.no_thresholds;
  RunSettingsFlags as_run = flags_;
  as_run.summary_mode = settings_.summary_mode;  // by which the breakdowns were kept
  LOCKSTEP_RETURN_IF_ERROR(results_.Configure(
      ResultsSetupOf(settled, run_.http_errors, run_.inspected, as_run, /*no_color=*/false)));
  for (const RunMember& member : run_.run.members) {
    results_.CountInterrupted(member.delivered_kept);
  }
  LOCKSTEP_RETURN_IF_ERROR(
      journal_->ReadResults(run_.id, &results_.store_to_fill(), &results_.errors_to_fill()));
  LOCKSTEP_ASSIGN_OR_RETURN(history_, journal_->ReadCharts(run_.id));
  return StartOutputs(settled);
}

// Only reports can be written now: what gets samples got them while the run was on.
absl::Status Recovery::StartOutputs(const RunOptions& options) {
  std::vector<OutputSpec> specs;
  for (const auto& [source, spec] : OutputsToWrite(command_, settings_)) {
    if (IsReport(spec)) {
      specs.push_back(OutputSpec::OneOf({source, spec}));
    } else if (command_.outputs.empty()) {
      logger_.Info(absl::StrCat(source, " ", spec, ": it got its samples while the run was on"));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(source, " ", spec, ": samples of a run that is over are nowhere any more; ",
                       "expected one of github, junit, report, result"));
    }
  }
  OutputContext context;
  context.write_stdout = WriteStdout;
  context.environment = environment_;
  context.system_tags = options.system_tags;
  context.clock = &clock_;
  context.version = kVersion;
  std::vector<NamedFile> files = {{"the journal", command_.journal, NamedFile::Use::kRead},
                                  {"--summary-export", flags_.summary_export}};
  for (const auto& [source, file] : FilesOf(specs, context)) {
    files.push_back(
        {source, file.path, file.append ? NamedFile::Use::kAppend : NamedFile::Use::kReplace});
  }
  if (const std::vector<std::string> clashes = ClashesOf(files); !clashes.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(clashes, "\n"));
  }
  return outputs_.Start(specs, context);
}

absl::Duration Recovery::Elapsed() const {
  return MeasuredOf(run_.run, run_.kept_mono);
}

std::string Recovery::Moment() const {
  return DurationText(absl::Trunc(Elapsed(), absl::Milliseconds(1)));
}

EndFacts Recovery::Facts() {
  RunCheckpoint& state = run_.run;
  EndFacts facts;
  facts.elapsed = Elapsed();
  facts.measured = facts.elapsed;
  for (RunMember& member : state.members) {
    member.GoBackToKept();
    CountDelivered(member);
    for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
      facts.iterations += part.full();
    }
  }
  Roster roster(state.members.size(), /*tolerated_loss_percent=*/100);
  roster.Restore(state.members, state.elected);
  facts.judgement = JudgeRoster(roster, state.standstills.standstills, facts.elapsed);
  facts.judgement.validity = std::max(facts.judgement.validity, v1::Health::SUSPECT);
  facts.judgement.reasons.insert(
      facts.judgement.reasons.begin(),
      absl::StrCat("recovered from ", command_.journal,
                   ": the coordinator was lost, and what came later than ", Moment(),
                   " after the start is missing",
                   run_.broken_off.empty()
                       ? ""
                       : absl::StrCat(", as it could not be written: ", run_.broken_off)));
  RunFaults faults(state.faults);
  faults.Record({ExitCode::kOther, absl::StrCat("the coordinator was lost; recovered as of ",
                                                Moment(), " after the start")});
  faults.Judge([&] { return results_.FinalThresholds(facts.elapsed); });
  facts.outcome = faults.outcome();
  facts.setup = *state.script.setup_data;
  facts.begin = absl::FromUnixNanos(state.clock.t0_wall_ns);
  facts.end = facts.begin + facts.measured;
  return facts;
}

absl::StatusOr<ExitCode> Recovery::Execute() {
  LOCKSTEP_ASSIGN_OR_RETURN(journal_, Journal::OpenKept(command_.journal));
  if (command_.run > 0) {
    LOCKSTEP_ASSIGN_OR_RETURN(const RunRecord record, journal_->RecordOfRun(command_.run));
    if (record.ended.has_value()) {
      return WriteOutEnded(command_, record, *journal_, logger_);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(Load());
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const VerdictLook look{.columns = 0, .color = terminal && !command_.log.no_color};
  Ending ending({results_, outputs_, clock_, logger_}, flags_, run_.identity.script,
                {.out = look, .error = std::nullopt});
  LOCKSTEP_RETURN_IF_ERROR(ending.Reserve());
  const EndFacts facts = Facts();
  WriteStdout(absl::StrCat(
      "RECOVERED from ", command_.journal, ": run ", run_.id, ", ", run_.identity.script,
      ", as of ", Moment(), " after the start (",
      absl::FormatTime("%Y-%m-%d %H:%M:%S %Ez", facts.end, absl::LocalTimeZone()), ")\n\n"));
  results_.SetJudge([&facts] { return facts.judgement; });
  results_.SetOutcome([&facts] { return facts.outcome; });
  ending.WriteSummary(facts, std::nullopt, std::move(history_));
  const std::vector<std::string> exports(run_.inspected.exports().begin(),
                                         run_.inspected.exports().end());
  if (std::find(exports.begin(), exports.end(), "handleSummary") != exports.end()) {
    logger_.Info("handleSummary() was not called: it needs an agent");
  }
  const ExitCode code = ending.End(facts.outcome, facts.judgement);
  const RunResult& result = *ending.result();
  RunRecord record = RecordOf(run_.id, result, code);
  record.ended = std::nullopt;
  LOCKSTEP_RETURN_IF_ERROR(journal_->KeepRecovered(record, JsonText(ResultToJson(result))));
  return code;
}

}  // namespace

ExitCode ExecuteRecover(const RecoverCommand& command, const Environment& environment,
                        RunLogger& logger) {
  const absl::StatusOr<ExitCode> code = Recovery(command, environment, logger).Execute();
  return code.ok() ? *code : Refuse(code.status(), ExitCode::kOther, logger);
}

}  // namespace lockstep::coordinator
