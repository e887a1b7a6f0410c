#include "coordinator/app/run_app.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "coordinator/app/dashboard_settings.h"
#include "coordinator/app/ending.h"
#include "coordinator/app/journal_host.h"
#include "coordinator/app/recorder.h"
#include "coordinator/app/rig.h"
#include "coordinator/app/run_screen.h"
#include "coordinator/app/run_servers.h"
#include "coordinator/app/run_settings.h"
#include "coordinator/app/usage_report.h"
#include "coordinator/console/streams.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {
namespace {

// Seconds, about, in which log lines of one cause are folded.
constexpr int64_t kTicksBetweenFolds = 10;

std::optional<VerdictLook> LookOf(int fd, bool no_color) {
  if (isatty(fd) == 0) {
    return std::nullopt;
  }
  return VerdictLook{.columns = static_cast<size_t>(SizeOfTerminal(fd).columns),
                     .color = !no_color};
}

Ending::Looks LooksOf(const RunRequest& request) {
  return {.out = LookOf(STDOUT_FILENO, request.no_color).value_or(VerdictLook{}),
          .error = LookOf(STDERR_FILENO, request.no_color)};
}

std::vector<std::string> TextsOf(const std::vector<OutputSpec>& specs) {
  std::vector<std::string> texts;
  texts.reserve(specs.size());
  for (const OutputSpec& spec : specs) {
    texts.push_back(spec.text);
  }
  return texts;
}

class RunApp {
 public:
  RunApp(const RunRequest& request, const TestFiles& files, const Environment& environment,
         RunLogger& logger);
  RunApp(const RunApp&) = delete;
  RunApp& operator=(const RunApp&) = delete;

  ExitCode Execute();

 private:
  Run::Events Events();
  void WriteSummary(const std::optional<std::map<std::string, std::string>>& outputs);
  // Before any agent hears of the plan.
  absl::Status OnTest(PlannedTest& test);
  absl::Status StartOutputs(const RunOptions& options);
  // What the test reads, as far as it is known now.
  std::vector<NamedFile> Inputs();
  // Whether what is to be written would take the place of that.
  absl::Status CheckFiles();
  void OnPlanned();
  void OnTick();
  void OnDone(const RunOutcome& outcome);
  void ReportUsage();

  const RunRequest& request_;
  const TestFiles& files_;
  const ConfigFile& config_;
  const Environment& environment_;
  RunLogger& logger_;
  RunOutputs outputs_;
  std::vector<OutputSpec> specs_;  // of the outputs; from Execute on, without the dashboard's
  Rig rig_;
  Recorder recorder_;
  JournalHost journal_;
  Ending ending_;
  RunScreen screen_;
  RunServers servers_;
  int64_t ticks_ = 0;
  std::unique_ptr<UsageReport> usage_;  // null: none is to be sent
  bool reader_gone_ = false;            // of standard output
  ExitCode exit_code_ = ExitCode::kSuccess;
};

RunApp::RunApp(const RunRequest& request, const TestFiles& files, const Environment& environment,
               RunLogger& logger)
    : request_(request),
      files_(files),
      config_(files.tiers.config_file()),
      environment_(environment),
      logger_(logger),
      specs_(OutputsOf(request.run, config_)),
      rig_(request, files, environment, logger, [this](PlannedTest& test) { return OnTest(test); }),
      recorder_({rig_.run(), rig_.face(), rig_.results(), logger, rig_.loop().clock()},
                request.test.script),
      journal_({rig_, outputs_, recorder_, logger}, request, files),
      ending_({rig_.results(), outputs_, rig_.loop().clock(), logger}, request.run,
              request.test.script, LooksOf(request)),
      screen_(request, environment, rig_, logger),
      servers_(request.run, rig_, recorder_, logger) {}

ExitCode RunApp::Execute() {
  const absl::StatusOr<std::optional<DashboardSettings>> wanted =
      TakeDashboard(environment_, &specs_);
  if (const absl::Status opened = journal_.Open(TextsOf(specs_)); !opened.ok()) {
    return Refuse(
        absl::UnavailableError(absl::StrCat(request_.run.journal_source, ": ", opened.message())),
        ExitCode::kOther, logger_);
  }
  if (const std::optional<ExitCode> ended = journal_.AnswerForEnded(); ended.has_value()) {
    return *ended;
  }
  if (!request_.inspect_only) {
    if (const absl::Status rest = servers_.StartRest(); !rest.ok()) {
      return Refuse(rest, ExitCode::kCannotStartRestApi, logger_);
    }
    if (const absl::Status dashboard =
            wanted.ok() ? servers_.StartDashboard(*wanted) : wanted.status();
        !dashboard.ok()) {
      return Refuse(dashboard, ExitCodeOf(dashboard), logger_);
    }
  }
  if (const absl::Status begun = journal_.Begin(Events()); !begun.ok()) {
    return Refuse(begun, ExitCodeOf(begun), logger_);
  }
  rig_.SetOnSignal([this](bool quits) { screen_.OnSignal(quits); });
  rig_.SetOnStandStill([this](bool still) { screen_.OnStandStill(still); });
  screen_.Start();
  const absl::Status played = rig_.Play();
  if (usage_ != nullptr) {
    usage_->End(logger_);
  }
  journal_.OnExit();  // last: who is killed before has not been heard
  if (!played.ok()) {
    screen_.Abandon(/*interrupted=*/false);
    return Refuse(played, ExitCode::kOther, logger_);
  }
  return exit_code_;
}

Run::Events RunApp::Events() {
  return {
      .on_state =
          [this](RunState state) {
            if (state == v1::RunStatus::RUNNING) {
              logger_.OnLoad();
            }
            recorder_.OnState(state);
            journal_.OnState(state);
          },
      .on_planned = [this](const TestPlan&) { OnPlanned(); },
      .on_tick = [this] { OnTick(); },
      .on_summary =
          [this](const std::optional<std::map<std::string, std::string>>& outputs) {
            screen_.Finish();
            logger_.TellFolded();
            WriteSummary(outputs);
          },
      .on_done = [this](const RunOutcome& outcome) { OnDone(outcome); },
  };
}

void RunApp::WriteSummary(const std::optional<std::map<std::string, std::string>>& outputs) {
  std::optional<History> history;
  if (outputs_.want_history() || servers_.dashboard() != nullptr) {
    history = recorder_.Whole();
  }
  ending_.WriteSummary(FactsOf(rig_.run(), rig_.loop().clock()), outputs, std::move(history));
}

std::vector<NamedFile> RunApp::Inputs() {
  std::vector<NamedFile> inputs = ReadFilesOf(request_.test);
  if (!files_.archive.has_value()) {
    for (NamedFile& file : ReadFilesOf(rig_.run().bundle())) {
      inputs.push_back(std::move(file));
    }
  }
  return inputs;
}

absl::Status RunApp::CheckFiles() {
  std::vector<NamedFile> files = Inputs();
  OutputContext context;
  context.environment = environment_;
  context.clock = &rig_.loop().clock();
  for (NamedFile& file : WrittenFilesOf(request_, specs_, context)) {
    files.push_back(std::move(file));
  }
  const std::vector<std::string> clashes = ClashesOf(files);
  return clashes.empty() ? absl::OkStatus()
                         : absl::FailedPreconditionError(absl::StrJoin(clashes, "\n"));
}

absl::Status RunApp::OnTest(PlannedTest& test) {
  LOCKSTEP_RETURN_IF_ERROR(CheckFiles());
  ending_.Protect(Inputs());
  const RunOptions& options = test.options.run;
  if (!options.console_output.empty()) {
    if (const absl::Status opened = logger_.RedirectConsole(options.console_output); !opened.ok()) {
      return absl::UnavailableError(opened.message());
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(journal_.OnTest(test, TextsOf(specs_)));
  LOCKSTEP_RETURN_IF_ERROR(StartOutputs(options));
  LOCKSTEP_RETURN_IF_ERROR(ending_.Reserve());
  test.plan.keep_points = outputs_.want_points();
  recorder_.OnPlanned(test);
  return absl::OkStatus();
}

absl::Status RunApp::StartOutputs(const RunOptions& options) {
  OutputContext context;
  context.write_stdout = [this](absl::string_view text) { return screen_.WriteSamples(text); };
  context.environment = environment_;
  context.system_tags = options.system_tags;
  if (!request_.run.no_thresholds) {
    context.thresholds = options.thresholds;
  }
  context.clock = &rig_.loop().clock();
  context.version = kVersion;
  rig_.results().SetOnBatch([this](const Batch& batch) { outputs_.Write(batch); });
  context.may_outlive = journal_.may_outlive();
  for (const OutputSpec& spec : specs_) {
    if (const std::optional<std::string> warning = OldNameWarning(spec.text, spec.source)) {
      logger_.Warn(*warning);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(outputs_.Start(specs_, context, journal_.written()));
  // A journal keeps it whatever is wanted: nobody knows what will be when the run is recovered.
  if ((outputs_.want_history() || journal_.may_outlive()) && !recorder_.begun()) {
    recorder_.Begin();
  }
  recorder_.GoOnWith(journal_.TakeCharts());
  return absl::OkStatus();
}

void RunApp::OnPlanned() {
  if (rig_.test().options.run.paused) {
    logger_.Info(absl::StrCat("the test waits before setup(); this lets it go on: ",
                              rig_.ControlLine("resume")));
  }
  std::vector<std::string> outputs = outputs_.Descriptions();
  if (servers_.dashboard() != nullptr) {
    outputs.push_back(servers_.dashboard()->Description());
  }
  screen_.OnPlanned(std::move(outputs));
}

void RunApp::OnTick() {
  recorder_.Tick();
  outputs_.Flush();
  outputs_.TellOfTrouble(logger_);
  if (++ticks_ % kTicksBetweenFolds == 0) {
    logger_.TellFolded();
  }
  if (StdoutIsGone() && !std::exchange(reader_gone_, true)) {
    rig_.run().Interrupt("broken pipe");
  }
}

void RunApp::OnDone(const RunOutcome& outcome) {
  screen_.Abandon(rig_.interrupted());
  logger_.TellFolded();
  rig_.TellOfOptions();
  exit_code_ = ending_.End(rig_.WithCode(outcome), rig_.run().judgement());
  journal_.OnDone(exit_code_, outcome, ending_.result(),
                  journal_.may_outlive() ? ending_.Text() : "");
  ReportUsage();
  const bool linger =
      request_.run.linger.value_or(config_.linger.value_or(false)) && !rig_.interrupted();
  // As in k6 pages are not left in the middle of being read; but only where somebody can see why
  // the program stays.
  bool pages = false;
  DashboardHost* const dashboard = servers_.dashboard();
  if (dashboard != nullptr) {
    dashboard->Tell();
    pages = dashboard->has_pages() && isatty(STDOUT_FILENO) != 0 && !rig_.interrupted();
  }
  if (linger) {
    logger_.Info("the run is over; lingering until Ctrl+C");
  } else if (pages) {
    logger_.Info("the run is over; the dashboard stays until its pages are closed, or Ctrl+C");
    dashboard->Linger();
  }
  if (linger || pages) {
    journal_.OnLinger();
  }
  rig_.End(linger || pages);
}

void RunApp::ReportUsage() {
  const std::string url = UsageReportUrl(request_.run, config_);
  if (url.empty() || rig_.run().elapsed() <= absl::ZeroDuration()) {
    return;
  }
  const PlannedTest& test = rig_.test();
  usage_ = std::make_unique<UsageReport>(url);
  usage_->Begin(UsageReportBody({.vus_max = test.whole.max_vus,
                                 .iterations = rig_.run().Snapshot().iterations(),
                                 .duration = rig_.run().elapsed(),
                                 .executors = ExecutorsOf(test.options.run.scenarios)}));
}

// `credentials`: what is wrong with those of a coordinator.
ExitCode RunTest(RunRequest request, const absl::Status& credentials,
                 const Environment& environment, RunLogger& logger) {
  absl::StatusOr<TestFiles> files =
      ReadTest(request.test, environment, [&](const OptionTiers& tiers, bool unreadable) {
        std::vector<std::string> mistakes =
            MistakesInSettings(request, tiers.config_file(), environment);
        // Alone they have an exit code of their own.
        if (!credentials.ok() && (unreadable || !tiers.errors().empty() || !mistakes.empty())) {
          mistakes.emplace_back(credentials.message());
        }
        return mistakes;
      });
  absl::Status refused = files.status();
  if (files.ok() && !files->tiers.errors().empty()) {
    // What else is wrong is in the script, which an agent has to read: one of our own is there at
    // once, others may come much later.
    request.inspect_only = true;
    refused =
        request.listen.empty() ? absl::OkStatus() : files->tiers.Refusal(files->tiers.errors());
  }
  if (!refused.ok()) {
    return Refuse(refused, ExitCodeOf(refused), logger);
  }
  if (!credentials.ok()) {
    return Refuse(credentials, ExitCode::kInvalidConfig, logger);
  }
  TellOf(*files, logger);
  const bool network = !request.listen.empty() && !absl::StartsWith(request.listen, "unix:");
  if (network && !request.credentials.has_value() && !files->secrets.empty()) {
    logger.Warn("--insecure: secrets cross the network in plain text");
  }
  WriteByThreads();
  return RunApp(request, *files, environment, logger).Execute();
}

}  // namespace

ExitCode ExecuteRun(const RunCommand& command, const Environment& environment, RunLogger& logger) {
  return RunTest({.test = command.test,
                  .run = command.run,
                  .no_color = command.log.no_color,
                  .log = command.log},
                 absl::OkStatus(), environment, logger);
}

ExitCode ExecuteCoordinator(const CoordinatorCommand& command, const Environment& environment,
                            RunLogger& logger) {
  absl::StatusOr<std::optional<Credentials>> credentials =
      ChooseCredentials(command.transport.insecure, command.transport.credentials, environment,
                        Role::kCoordinator, SystemClock().Wall());
  const absl::Status status = credentials.status();
  return RunTest({.test = command.test,
                  .run = command.run,
                  .listen = command.listen,
                  .listen_source = command.listen_source,
                  .credentials = status.ok() ? *std::move(credentials) : std::nullopt,
                  .wait_for_agents = command.wait_for_agents,
                  .no_color = command.log.no_color,
                  .log = command.log},
                 status, environment, logger);
}

}  // namespace lockstep::coordinator
