#include "coordinator/app/journal_host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

#include "common/base/content_hash.h"
#include "common/base/json_text.h"
#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "common/messages/words.h"
#include "common/options/options_json.h"
#include "coordinator/console/streams.h"
#include "coordinator/journal/go_on.h"

namespace lockstep::coordinator {
namespace {

// Of the machine's start: its monotonic clock counts from there.
std::string BootId() {
  const absl::StatusOr<std::string> id = ReadFile("/proc/sys/kernel/random/boot_id", 100);
  return id.ok() ? std::string(absl::StripAsciiWhitespace(*id)) : "";
}

// Of all that decides what a test is, as far as it is known before an agent has read the script.
std::string TestHash(const RunRequest& request, const TestFiles& files) {
  const RunSettingsFlags& run = request.run;
  std::vector<std::string> facts = {files.script.main_url,
                                    files.script.text,
                                    ToCanonicalJson(files.tiers.config_file().parsed.options),
                                    ToCanonicalJson(files.tiers.environment()),
                                    ToCanonicalJson(request.test.flags),
                                    absl::StrCat(run.agents),
                                    absl::StrCat(run.tolerated_loss_percent),
                                    absl::StrCat(run.redistribute),
                                    absl::StrCat(run.late_agents_join),
                                    absl::StrCat(static_cast<int>(run.partition)),
                                    absl::FormatDuration(run.max_vu_block),
                                    absl::StrCat(run.fail_on_suspect),
                                    absl::StrCat(run.new_machine_readable_summary),
                                    absl::StrCat(files.script.base_mode)};
  for (const Setting& source : request.test.secret_sources) {
    facts.push_back(source.value);
  }
  for (const auto& [name, value] : request.test.env) {
    facts.push_back(absl::StrCat(name, "=", value));
  }
  return absl::BytesToHexString(Sha256(absl::StrJoin(facts, std::string(1, '\0'))));
}

}  // namespace

std::string KeptSettings::ToJson() const {
  std::string mode;
  for (const auto& [name, value] : kSummaryModes) {
    mode = value == summary_mode ? std::string(name) : mode;
  }
  return JsonText(nlohmann::json{{"outputs", outputs},
                                 {"summaryMode", mode},
                                 {"summaryExport", summary_export},
                                 {"noThresholds", no_thresholds},
                                 {"files", inputs.files},
                                 {"inputs", inputs.hash}});
}

absl::StatusOr<KeptSettings> KeptSettings::FromJson(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto is = [&json](const char* key, auto predicate) {
    return json.is_object() && json.contains(key) && predicate(json[key]);
  };
  const auto text_of = [](const nlohmann::json& value) { return value.is_string(); };
  const auto texts_of = [&text_of](const nlohmann::json& list) {
    return list.is_array() && std::all_of(list.begin(), list.end(), text_of);
  };
  if (!is("outputs", texts_of) || !is("summaryMode", text_of) || !is("summaryExport", text_of) ||
      !is("noThresholds", [](const auto& value) { return value.is_boolean(); })) {
    return absl::DataLossError("journal: what it keeps of the command line cannot be read");
  }
  KeptSettings settings{.outputs = json["outputs"].get<std::vector<std::string>>(),
                        .summary_export = json["summaryExport"].get<std::string>(),
                        .no_thresholds = json["noThresholds"].get<bool>()};
  if (is("files", texts_of) && is("inputs", text_of)) {
    settings.inputs = {.files = json["files"].get<std::vector<std::string>>(),
                       .hash = json["inputs"].get<std::string>()};
  }
  const auto mode = json["summaryMode"].get<std::string>();
  for (const auto& [name, value] : kSummaryModes) {
    settings.summary_mode = mode == name ? value : settings.summary_mode;
  }
  return settings;
}

RunRecord RecordOf(int64_t run, const RunResult& result, ExitCode code) {
  const EndVerdict& verdict = result.verdict;
  return {.id = run,
          .identity = {},
          .ended = result.end,
          .duration = result.duration,
          .exit_code = static_cast<int>(code),
          .verdict = std::string(TextOf(verdict.word)),
          .reason = verdict.reason,
          .validity = std::string(WordOf(result.validity)),
          .requests = verdict.requests.total,
          .failed = verdict.requests.failed,
          .iterations = static_cast<uint64_t>(std::max(verdict.iterations, 0.0))};
}

std::string EndLine(const RunRecord& run) {
  return absl::StrCat(run.verdict, run.reason.empty() ? "" : "  ", run.reason, "\n");
}

JournalHost::JournalHost(Parts parts, const RunRequest& request, const TestFiles& files)
    : parts_(parts), request_(request), files_(files), linger_timer_(parts.rig.loop()) {}

absl::Status JournalHost::Open(const std::vector<std::string>& outputs) {
  if (request_.run.journal.empty() || request_.inspect_only) {
    return absl::OkStatus();
  }
  LOCKSTEP_ASSIGN_OR_RETURN(journal_, Journal::Open(request_.run.journal));
  Rig& rig = parts_.rig;
  keeper_ = std::make_unique<Keeper>(
      Keeper::Parts{rig.loop(), rig.run(), rig.fleet(), parts_.logger},
      [this](const RunCheckpoint& run, const FleetCheckpoint& fleet, bool results,
             Keeper::Done done) { Write(run, fleet, results, std::move(done)); });
  rig.face().KeepWishes(
      [this](absl::AnyInvocable<void()> then) { keeper_->WhenKept(std::move(then)); });
  const MonoTime now = rig.loop().clock().Mono();
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<RunRecord> unanswered, journal_->FindUnanswered());
  if (unanswered.has_value() && MayAnswer(*unanswered, outputs)) {
    unanswered_ = std::move(unanswered);
    return absl::OkStatus();
  }
  LOCKSTEP_ASSIGN_OR_RETURN(std::optional<UnfinishedRun> unfinished, journal_->FindUnfinished());
  if (!unfinished.has_value()) {
    return absl::OkStatus();
  }
  const absl::Status may = request_.listen.empty()
                               ? absl::FailedPreconditionError("its agents, too, have ended")
                               : MayGoOn(*unfinished, Identity(outputs, {}), now);
  if (may.ok()) {
    written_ = unfinished->written;
    unfinished_ = std::move(unfinished);
  } else {
    TellOf(*unfinished, may);
  }
  return absl::OkStatus();
}

bool JournalHost::MayAnswer(const RunRecord& ended, const std::vector<std::string>& outputs) const {
  const absl::StatusOr<KeptSettings> kept = KeptSettings::FromJson(ended.identity.settings);
  const MonoTime now = parts_.rig.loop().clock().Mono();
  if (!kept.ok() || !MayAnswerFor(ended, Identity(outputs, kept->inputs), now)) {
    return false;
  }
  const std::optional<RunInputs> inputs = InputsAgain(
      files_, kept->inputs,
      [this](const std::string& url) { return parts_.rig.modules().WithoutAsking(url); });
  if (inputs == kept->inputs) {
    return true;
  }
  parts_.logger.Warn(
      absl::StrCat("journal ", journal_->path(), ": run ", ended.id, " of ", ended.identity.script,
                   " had ended when its process was gone, but ",
                   inputs.has_value()
                       ? "a file that its script reads, a variable or a secret has changed since: "
                         "this is another test, which begins now"
                       : "nobody knows whether the modules that it imports from servers are still "
                         "what they were: it is run again, from the beginning"));
  return false;
}

void JournalHost::TellOf(const UnfinishedRun& unfinished, const absl::Status& why) const {
  if (unfinished.run.state < v1::RunStatus::RUNNING) {
    // Nothing was measured, and so it is of interest only to the next run.
    const absl::StatusOr<std::vector<RunRecord>> last = journal_->Runs(1);
    if (last.ok() && !last->empty() && last->front().id == unfinished.id) {
      parts_.logger.Warn(absl::StrCat(
          "journal ", journal_->path(), ": run ", unfinished.id, " of ", unfinished.identity.script,
          " had not started when its coordinator was gone, ",
          unfinished.setup_begun ? "but its setup() had begun, and nobody called its teardown()"
                                 : "and nothing of it was done",
          "; this run begins from the beginning"));
    }
    return;
  }
  parts_.logger.Warn(absl::StrCat(
      "journal ", journal_->path(), ": run ", unfinished.id, " of ", unfinished.identity.script,
      " did not end, and cannot be gone on with: ", why.message(), "; `lockstep recover ",
      journal_->path(), " --run ", unfinished.id, "` has its results"));
}

std::optional<ExitCode> JournalHost::AnswerForEnded() {
  if (!unanswered_.has_value()) {
    return std::nullopt;
  }
  const RunRecord& run = *unanswered_;
  parts_.logger.Warn(absl::StrCat(
      "journal ", journal_->path(), ": run ", run.id, " of ", run.identity.script,
      " had ended when its process was gone, but that had not given its exit code, ", run.exit_code,
      ": this one gives it, and runs nothing; started once more, it runs the test again"));
  const absl::StatusOr<std::string> shown = journal_->ShownOf(run.id);
  WriteStdout(shown.ok() && !shown->empty() ? *shown : EndLine(run));
  OnExit();
  return static_cast<ExitCode>(run.exit_code);
}

absl::Status JournalHost::Begin(Run::Events events) {
  Run& run = parts_.rig.run();
  if (!unfinished_.has_value()) {
    run.Begin(std::move(events));
    return absl::OkStatus();
  }
  parts_.logger.Warn(absl::StrCat(
      "journal ", journal_->path(), ": goes on with run ", unfinished_->id, ", ",
      absl::FormatDuration(absl::Floor(parts_.rig.loop().clock().Mono() - unfinished_->kept_mono,
                                       absl::Milliseconds(1))),
      " after its coordinator was gone"));
  LOCKSTEP_RETURN_IF_ERROR(journal_->GoOn(*unfinished_));
  parts_.rig.fleet().Restore(std::move(unfinished_->fleet));
  for (const RunMember& member : unfinished_->run.members) {
    parts_.rig.results().CountInterrupted(member.delivered_kept);
  }
  return run.GoOn(std::move(events), std::move(unfinished_->run), std::move(unfinished_->inspected),
                  std::move(unfinished_->bundle));
}

RunIdentity JournalHost::Identity(const std::vector<std::string>& outputs, RunInputs inputs) const {
  const RunSettingsFlags& run = request_.run;
  return {.script = request_.test.script,
          .test_hash = TestHash(request_, files_),
          .version = kVersion,
          .boot = BootId(),
          .agents = run.agents,
          .settings = KeptSettings{.outputs = outputs,
                                   .summary_mode = run.summary_mode,
                                   .summary_export = run.summary_export,
                                   .no_thresholds = run.no_thresholds,
                                   .inputs = std::move(inputs)}
                          .ToJson(),
          .begun = parts_.rig.loop().clock().Wall()};
}

absl::Status JournalHost::OnTest(const PlannedTest& test, const std::vector<std::string>& outputs) {
  if (journal_ == nullptr) {
    return absl::OkStatus();
  }
  if (!unfinished_.has_value()) {
    LOCKSTEP_RETURN_IF_ERROR(
        journal_->Begin(Identity(outputs, InputsOf(files_, parts_.rig.run().bundle()))));
    begun_ = true;
    return absl::OkStatus();
  }
  if (test.plan.options_json != unfinished_->options_json) {
    return absl::FailedPreconditionError(absl::StrCat(
        "journal ", journal_->path(), ": run ", unfinished_->id,
        " has other options than this test has now, so that nobody can go on with it; once its "
        "agents' lease of ",
        absl::FormatDuration(kLease), " is over, this test begins anew"));
  }
  begun_ = true;
  test_kept_ = true;
  if (absl::StatusOr<std::optional<History>> charts = journal_->ReadCharts(unfinished_->id);
      charts.ok()) {
    charts_ = *std::move(charts);
  } else {
    parts_.logger.Warn(absl::StrCat(charts.status().message(), ": charts begin anew"));
  }
  Results& results = parts_.rig.results();
  return journal_->ReadResults(unfinished_->id, &results.store_to_fill(),
                               &results.errors_to_fill());
}

absl::Status JournalHost::KeepTest() {
  if (test_kept_) {
    return absl::OkStatus();
  }
  const PlannedTest& test = parts_.rig.test();
  const Run& run = parts_.rig.run();
  LOCKSTEP_RETURN_IF_ERROR(journal_->KeepTest(run.inspected(), test.plan.options_json,
                                              test.options.merged.http_errors.has_value()));
  LOCKSTEP_RETURN_IF_ERROR(journal_->KeepBundle(run.bundle()));
  test_kept_ = true;
  return absl::OkStatus();
}

void JournalHost::Write(const RunCheckpoint& run, const FleetCheckpoint& fleet, bool results,
                        Keeper::Done done) {
  std::optional<Journal::ResultsNow> now;
  if (results) {
    parts_.outputs.Flush();
    const Results& measured = parts_.rig.results();
    now.emplace(Journal::ResultsNow{measured.store(), measured.errors(), parts_.outputs.Written()});
    if (parts_.recorder.begun()) {
      now->charts = parts_.recorder.Charts();
    }
  }
  const Clock& clock = parts_.rig.loop().clock();
  writer_->Do(
      [this,
       changes = journal_->Changes(run, fleet, now, clock.Wall(), clock.Mono())]() -> absl::Status {
        LOCKSTEP_RETURN_IF_ERROR(KeepTest());
        return journal_->Write(changes);
      },
      std::move(done));
}

void JournalHost::OnState(RunState state) {
  // Of a run that does not start, this is all that the next one has to know.
  if (begun_ && state >= v1::RunStatus::SETUP && writer_ == nullptr) {
    writer_ = std::make_unique<JournalWriter>(parts_.rig.loop());
  }
  if (begun_ && state == v1::RunStatus::SETUP && parts_.rig.test().plan.has_setup) {
    writer_->Do([this] { return KeepTest(); }, [](const absl::Status&) {});
  }
  if (keeper_ != nullptr) {
    keeper_->OnState(state);
  }
}

void JournalHost::OnDone(ExitCode code, const RunOutcome& outcome,
                         const std::optional<RunResult>& result, const std::string& shown) {
  if (keeper_ == nullptr) {
    return;
  }
  if (begun_) {
    KeepEnd(code, outcome, result, shown);
  }
  // Only now may the agents hear that the run is over: nobody could go on with it any more.
  keeper_->End();
}

void JournalHost::OnLinger() {
  if (begun_) {
    journal_->KeepAlive(journal_->run(), parts_.rig.loop().clock().Mono()).IgnoreError();
    linger_timer_.After(absl::Seconds(1), [this] { OnLinger(); });
  }
}

// Where it cannot be written, the worst is that somebody who starts it again at once hears the end
// again.
void JournalHost::OnExit() {
  if (begun_ || unanswered_.has_value()) {
    linger_timer_.Cancel();
    journal_->KeepAlive(begun_ ? journal_->run() : unanswered_->id, std::nullopt).IgnoreError();
  }
}

void JournalHost::KeepEnd(ExitCode code, const RunOutcome& outcome,
                          const std::optional<RunResult>& result, const std::string& shown) {
  if (writer_ != nullptr) {
    writer_->Finish();
  }
  const absl::Time now = parts_.rig.loop().clock().Wall();
  RunRecord record{.id = journal_->run(),
                   .identity = {},
                   .ended = now,
                   .exit_code = static_cast<int>(code),
                   .verdict = std::string(TextOf(VerdictWord::kFailed)),
                   .reason = outcome.message.substr(0, outcome.message.find('\n'))};
  std::string text;
  if (result.has_value()) {
    record = RecordOf(journal_->run(), *result, code);
    record.ended = now;
    text = JsonText(ResultToJson(*result));
  }
  record.alive = parts_.rig.loop().clock().Mono();
  if (const absl::Status ended = journal_->End(record, text, shown); !ended.ok()) {
    parts_.logger.Warn(absl::StrCat(ended.message(), ": the result of this run is not kept there"));
  } else if (keeper_->failure().has_value()) {
    parts_.logger.Info(
        absl::StrCat("journal ", journal_->path(), ": the result of this run is kept there"));
  }
}

}  // namespace lockstep::coordinator
