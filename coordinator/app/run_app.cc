#include "coordinator/app/run_app.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/epoll_loop.h"
#include "common/base/processors.h"
#include "common/base/random_bytes.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "common/plan/describe.h"
#include "common/summary/summary.h"
#include "common/web/web_server.h"
#include "coordinator/app/local_agents.h"
#include "coordinator/app/planned_test.h"
#include "coordinator/app/private_folder.h"
#include "coordinator/app/reports.h"
#include "coordinator/app/script_files.h"
#include "coordinator/app/signals.h"
#include "coordinator/console/progress.h"
#include "coordinator/console/progress_display.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/run.h"
#include "coordinator/http/rest_api.h"
#include "coordinator/output/run_outputs.h"
#include "coordinator/results/results.h"
#include "coordinator/rpc/grpc_server.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kLease = absl::Seconds(10);
// A local agent that has not joined by then never will.
constexpr absl::Duration kLocalAgentsWithin = absl::Seconds(30);
// How long agents may take to hear that the run is over, and local ones to end.
constexpr absl::Duration kFarewell = absl::Seconds(2);

void WriteStdout(absl::string_view text) {
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

class RunApp final : public TestSource, public RunControl {
 public:
  RunApp(RunRequest request, const Environment& environment, RunLogger& logger)
      : request_(std::move(request)), environment_(environment), logger_(logger) {}
  ~RunApp() override { logger_.WriteAbove(nullptr); }

  ExitCode Execute();

  // TestSource
  const ScriptSource& script() const override { return script_; }
  void Fetch(const std::string& url,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    done(ReadFileUrl(url));
  }
  absl::StatusOr<TestPlan> MakePlan(const v1::Inspected& inspected) override;

  // RunControl
  v1::RunStatus Snapshot() const override {
    v1::RunStatus status = run_->Snapshot();
    results_->DescribeMetrics(run_->elapsed(), &status);
    status.mutable_refused()->insert(fleet_->refusals().counts().begin(),
                                     fleet_->refusals().counts().end());
    return status;
  }
  SummaryGroup Groups() const override { return results_->Groups(); }
  std::string SetupData() const override {
    return run_->setup_data().defined() ? run_->setup_data().json() : "";
  }
  bool done() const override { return run_->state() == v1::RunStatus::DONE; }
  absl::Status Pause() override { return run_->Pause(); }
  absl::Status Resume() override { return run_->Resume(); }
  absl::Status Scale(int64_t vus, int64_t max_vus) override { return run_->Scale(vus, max_vus); }
  absl::Status Stop(bool now) override { return run_->Stop(now); }

 private:
  bool local() const { return request_.listen.empty(); }
  ExitCode Reject(const absl::Status& status, ExitCode code);
  absl::Status Listen();
  absl::Status StartRest();
  absl::Status StartLocalAgents();
  void BeginRun();
  // Judges thresholds and metrics; a line of the message for each error.
  absl::Status ConfigureResults(const Options& options, const v1::Inspected& inspected);
  absl::Status StartOutputs(const Options& options);
  void OnPlanned();
  void OnSignal(const std::string& name);
  void OnTick();
  void ReportValidity(bool in_text);
  void OnSummary(std::optional<std::map<std::string, std::string>> outputs);
  void OnDone(const RunOutcome& outcome);
  void Farewell();
  void LookForEnd();
  // Only with a capable terminal, progress is drawn in place.
  void StartProgress();
  Summary MakeSummary(std::vector<std::string> lost) const;
  void ReportToOutputs(const Summary& summary);
  std::map<std::string, std::string> ScriptEnvironment() const;

  const RunRequest request_;
  const Environment& environment_;
  RunLogger& logger_;
  EpollLoop loop_;
  std::optional<OptionTiers> tiers_;
  ScriptSource script_;
  std::unique_ptr<PrivateFolder> folder_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<Results> results_;
  std::unique_ptr<Run> run_;
  std::unique_ptr<WebServer> rest_;
  std::unique_ptr<LocalAgents> local_agents_;
  Terminal terminal_{WriteStdout, [] { return SizeOfTerminal(STDOUT_FILENO); }};
  std::unique_ptr<ProgressDisplay> display_;  // null: --quiet, or nothing is planned yet
  RunOutputs outputs_;
  std::optional<PlannedTest> test_;
  std::string report_;  // what inspect and plan print
  std::string address_;
  int signals_seen_ = 0;
  bool lingering_ = false;
  MonoTime farewell_until_;
  ExitCode exit_code_ = ExitCode::kSuccess;
};

ExitCode RunApp::Reject(const absl::Status& status, ExitCode code) {
  logger_.Error(std::string(status.message()));
  return code;
}

ExitCode RunApp::Execute() {
  absl::StatusOr<OptionTiers> tiers = OptionTiers::Load(request_.test, environment_);
  if (!tiers.ok()) {
    return Reject(tiers.status(),
                  absl::IsNotFound(tiers.status()) ? ExitCode::kOther : ExitCode::kInvalidConfig);
  }
  tiers_ = *std::move(tiers);
  absl::StatusOr<ScriptSource> script = LoadScript(request_.test.script);
  if (!script.ok()) {
    return Reject(script.status(), ExitCode::kOther);
  }
  script_ = *std::move(script);
  signals_ = std::make_unique<Signals>(loop_, [this](const std::string& name) { OnSignal(name); });
  server_ = std::make_unique<GrpcServer>(loop_);
  fleet_ = std::make_unique<Fleet>(
      loop_, *server_, logger_,
      FleetSettings{.version = kVersion,
                    .lease = kLease,
                    .token = request_.credentials.has_value() ? request_.credentials->token : ""},
      [] { return absl::BytesToHexString(RandomBytes(16)); },
      [] { return RandomBytes(kNonceBytes); });
  results_ = std::make_unique<Results>(loop_.clock(), logger_);
  results_->SetJudge([this] { return run_->judgement(); });
  BeginRun();
  if (absl::Status rest = StartRest(); !rest.ok()) {
    return Reject(absl::Status(rest.code(), absl::StrCat("--address: ", rest.message())),
                  ExitCode::kCannotStartRestApi);
  }
  absl::Status started = Listen();
  if (started.ok() && local()) {
    started = StartLocalAgents();
  }
  if (!started.ok()) {
    return Reject(started, ExitCode::kOther);
  }
  loop_.Run();
  rest_.reset();
  server_->Shutdown();
  local_agents_.reset();
  return exit_code_;
}

absl::Status RunApp::Listen() {
  if (local()) {
    LOCKSTEP_ASSIGN_OR_RETURN(folder_, PrivateFolder::Make());
    address_ = absl::StrCat("unix:", folder_->path(), "/coordinator");
  } else {
    address_ = request_.listen;
  }
  LOCKSTEP_RETURN_IF_ERROR(server_->Start(
      {address_}, request_.credentials.has_value() ? &*request_.credentials : nullptr, *fleet_,
      *this));
  if (local()) {
    logger_.Debug(absl::StrCat("listening on ", address_));
  } else {
    if (!request_.credentials.has_value()) {
      logger_.Warn(
          "plain text: everybody who can reach this address can read the script and control the "
          "run (--insecure)");
    }
    logger_.Info(absl::StrCat("waiting for ", request_.run.agents,
                              request_.run.agents == 1 ? " agent" : " agents", " on ", address_));
  }
  return absl::OkStatus();
}

absl::Status RunApp::StartRest() {
  if (request_.run.rest_address.empty()) {
    return absl::OkStatus();
  }
  rest_ = std::make_unique<WebServer>(
      loop_, [this](const WebRequest& request) { return AnswerRest(request, *this); });
  LOCKSTEP_RETURN_IF_ERROR(rest_->Start(request_.run.rest_address));
  logger_.Info(absl::StrCat("REST API and metrics on port ", rest_->port(), " of ",
                            request_.run.rest_address, ", for everybody who can reach it"));
  return absl::OkStatus();
}

absl::Status RunApp::StartLocalAgents() {
  LOCKSTEP_ASSIGN_OR_RETURN(std::string program, FindAgentProgram());
  local_agents_ = std::make_unique<LocalAgents>(loop_, [this](pid_t process,
                                                              const std::string& how) {
    if (run_->state() == v1::RunStatus::DONE) {
      return;
    }
    if (const AgentRecord* agent = fleet_->FindByProcess(process); agent != nullptr) {
      fleet_->Expel(agent->id, absl::UnavailableError(absl::StrCat("its process ", how)));
    } else if (run_->state() == v1::RunStatus::WAITING_FOR_AGENTS) {
      run_->Fail(ExitCode::kOther, absl::StrCat("a local agent ", how, " before it could join"));
    }
  });
  int64_t agents = request_.goal == RunRequest::Goal::kRun ? request_.run.agents : 1;
  const int64_t workers = std::max<int64_t>(1, Processors() / agents);
  for (int64_t i = 1; i <= agents; ++i) {
    LOCKSTEP_RETURN_IF_ERROR(
        local_agents_->Start(program, address_, absl::StrCat("agent-", i), workers));
  }
  return absl::OkStatus();
}

std::map<std::string, std::string> RunApp::ScriptEnvironment() const {
  std::map<std::string, std::string> env;
  if (request_.test.include_system_env_vars) {
    env.insert(environment_.begin(), environment_.end());
  }
  for (const auto& [name, value] : request_.test.env) {
    env[name] = value;
  }
  return env;
}

void RunApp::BeginRun() {
  RunSettings settings;
  settings.agents =
      request_.goal == RunRequest::Goal::kRun ? static_cast<size_t>(request_.run.agents) : 1;
  settings.tolerated_loss_percent = request_.run.tolerated_loss_percent;
  settings.inspect_only = request_.goal != RunRequest::Goal::kRun;
  settings.handle_summary = request_.run.summary_mode != SummaryMode::kDisabled;
  settings.env = ScriptEnvironment();
  settings.wait_for_agents = local() ? kLocalAgentsWithin : request_.wait_for_agents;
  settings.lease = kLease;
  run_ = std::make_unique<Run>(loop_, *fleet_, *this, *results_, logger_, std::move(settings));
  run_->Begin({
      .on_state = [](RunState) {},
      .on_planned = [this](const TestPlan&) { OnPlanned(); },
      .on_tick = [this] { OnTick(); },
      .on_summary =
          [this](std::optional<std::map<std::string, std::string>> outputs) {
            OnSummary(std::move(outputs));
          },
      .on_done = [this](const RunOutcome& outcome) { OnDone(outcome); },
  });
}

absl::StatusOr<TestPlan> RunApp::MakePlan(const v1::Inspected& inspected) {
  int64_t agents = request_.goal == RunRequest::Goal::kRun ? request_.run.agents
                   : request_.goal == RunRequest::Goal::kPlan
                       ? static_cast<int64_t>(request_.weights.size())
                       : 1;
  ResolvedOptions resolved = tiers_->Resolve(
      inspected.options_json(), {inspected.exports().begin(), inspected.exports().end()});
  const absl::Status configured = ConfigureResults(resolved.consolidated, inspected);
  if (!configured.ok()) {
    for (absl::string_view error : absl::StrSplit(configured.message(), '\n')) {
      resolved.errors.emplace_back(error);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(ConfigurationStatus(resolved.errors));
  LOCKSTEP_ASSIGN_OR_RETURN(
      test_, PlanTest(std::move(resolved), inspected, agents, request_.run.partition));
  for (const std::string& warning : test_->options.warnings) {
    logger_.Warn(warning);
  }
  switch (request_.goal) {
    case RunRequest::Goal::kRun:
      if (const std::string path = test_->options.consolidated.console_output.value_or("");
          !path.empty()) {
        LOCKSTEP_RETURN_IF_ERROR(logger_.RedirectConsole(path));
      }
      LOCKSTEP_RETURN_IF_ERROR(StartOutputs(test_->options.consolidated));
      break;
    case RunRequest::Goal::kInspect:
      report_ = InspectionText(*test_, request_.execution_requirements);
      break;
    case RunRequest::Goal::kPlan: {
      LOCKSTEP_ASSIGN_OR_RETURN(report_, PlanText(*test_, request_.weights, request_.json));
      break;
    }
  }
  test_->plan.keep_points = outputs_.want_points();
  return test_->plan;
}

absl::Status RunApp::ConfigureResults(const Options& options, const v1::Inspected& inspected) {
  Results::Setup setup;
  setup.custom_metrics.assign(inspected.custom_metrics().begin(), inspected.custom_metrics().end());
  if (!request_.run.no_thresholds) {
    setup.thresholds =
        options.thresholds.value_or(std::map<std::string, std::vector<ThresholdConfig>>());
  }
  setup.breakdown_tags = BreakdownTags(request_.run.summary_mode);
  for (const auto& [key, value] : options.tags.value_or(std::map<std::string, std::string>())) {
    setup.tags.emplace_back(key, value);
  }
  if (options.summary_trend_stats.has_value()) {
    setup.summary.trend_stats = *options.summary_trend_stats;
  }
  if (options.scenarios.has_value()) {
    for (const ScenarioConfig& scenario : *options.scenarios) {
      setup.summary.scenarios.push_back(scenario.name);
    }
  }
  setup.summary.time_unit = options.summary_time_unit.value_or("");
  setup.environment.no_color = request_.no_color;
  setup.environment.stdout_is_tty = isatty(STDOUT_FILENO) != 0;
  setup.environment.stderr_is_tty = isatty(STDERR_FILENO) != 0;
  return results_->Configure(std::move(setup));
}

absl::Status RunApp::StartOutputs(const Options& options) {
  std::vector<std::string> specs =
      request_.run.outputs.empty() ? tiers_->config_file().outputs : request_.run.outputs;
  if (!request_.run.result_file.empty()) {
    specs.push_back(absl::StrCat("result=", request_.run.result_file));
  }
  OutputContext context;
  context.write_stdout = [this](absl::string_view text) {
    terminal_.Above([text] { WriteStdout(text); });
  };
  context.environment = environment_;
  context.system_tags = options.system_tags.value_or(DefaultSystemTags());
  if (!request_.run.no_thresholds && options.thresholds.has_value()) {
    context.thresholds = *options.thresholds;
  }
  context.clock = &loop_.clock();
  context.version = kVersion;
  results_->SetOnBatch([this](const Batch& batch) { outputs_.Write(batch); });
  return outputs_.Start(specs, context);
}

void RunApp::OnPlanned() {
  if (request_.goal != RunRequest::Goal::kRun) {
    WriteStdout(report_);
    return;
  }
  if (request_.run.quiet) {
    return;
  }
  HeaderFacts facts;
  facts.execution =
      !local() || request_.run.agents > 1 ? absl::StrCat(request_.run.agents, " agents") : "local";
  facts.script = request_.test.script;
  facts.outputs = outputs_.Descriptions();
  const std::vector<ScenarioConfig> none;
  WriteStdout(RenderHeader(facts, test_->options.consolidated.scenarios.value_or(none),
                           test_->whole, test_->segment));
  StartProgress();
}

void RunApp::StartProgress() {
  const auto term = environment_.find("TERM");
  const bool capable = term != environment_.end() && IsCapableTerminal(STDOUT_FILENO, term->second);
  if (capable) {
    logger_.WriteAbove(&terminal_);
  }
  display_ = std::make_unique<ProgressDisplay>(
      loop_,
      ProgressDisplay::Target{.terminal = capable ? &terminal_ : nullptr,
                              .color = !request_.no_color,
                              .write = WriteStdout,
                              .ready = [] { return TakesOutput(STDOUT_FILENO); }},
      [this] { return MakeProgressView(run_->Snapshot(), test_->whole); });
  display_->Begin();
}

void RunApp::OnSignal(const std::string& name) {
  ++signals_seen_;
  if (lingering_) {
    lingering_ = false;
    Farewell();
    return;
  }
  if (signals_seen_ >= 3) {
    if (local_agents_ != nullptr) {
      local_agents_->KillAll();
    }
    if (folder_ != nullptr) {
      folder_->Remove();
    }
    _exit(static_cast<int>(ExitCode::kExternalAbort));
  }
  run_->Interrupt(name);
}

void RunApp::OnTick() {
  outputs_.Flush();
  if (display_ != nullptr &&
      (run_->state() <= v1::RunStatus::RUNNING || run_->elapsed() > absl::ZeroDuration())) {
    display_->Tick();
  }
}

Summary RunApp::MakeSummary(std::vector<std::string> lost) const {
  Summary summary = results_->MakeSummary(run_->elapsed());
  if (const uint64_t refused = results_->store().refused_points(); refused > 0) {
    lost.push_back(absl::StrCat(
        refused, " samples were more than agents keep for outputs; they are in the figures above"));
  }
  summary.lost = std::move(lost);
  return summary;
}

void RunApp::ReportToOutputs(const Summary& summary) {
  const absl::Time end = loop_.clock().Wall();
  const RunReport report{.summary = summary,
                         .store = results_->store(),
                         .script = request_.test.script,
                         .begin = end - summary.duration,
                         .end = end,
                         .judgement = run_->judgement()};
  outputs_.Report(report, logger_);
}

void RunApp::OnSummary(std::optional<std::map<std::string, std::string>> outputs) {
  if (display_ != nullptr) {
    display_->Finish();
  }
  const Summary summary = MakeSummary(outputs_.Stop(logger_));
  if (outputs.has_value()) {
    WriteSummaryOutputs(*outputs, logger_);
  } else {
    TextOptions text;
    text.mode = request_.run.summary_mode;
    text.color = isatty(STDOUT_FILENO) != 0 && !request_.no_color;
    WriteStdout(RenderText(summary, text));
  }
  ReportValidity(/*in_text=*/!outputs.has_value() &&
                 request_.run.summary_mode != SummaryMode::kDisabled);
  ReportToOutputs(summary);
  if (!request_.run.summary_export.empty()) {
    WriteSummaryExport(results_->MakeExport(summary, run_->setup_data()),
                       request_.run.summary_export, logger_);
  }
  if (run_->elapsed() > absl::ZeroDuration() && run_->Snapshot().iterations() == 0) {
    logger_.Warn("No script iterations fully finished, consider making the test duration longer");
  }
}

// The generator's own verdict, below the summary's text; where that is not printed, only bad news.
void RunApp::ReportValidity(bool in_text) {
  const Judgement judgement = run_->judgement();
  const absl::string_view verdict = WordOf(judgement.validity);
  if (in_text) {
    std::string text = absl::StrCat("    generator: ", verdict, "\n");
    for (const std::string& reason : judgement.reasons) {
      absl::StrAppend(&text, "      - ", reason, "\n");
    }
    WriteStdout(text);
  } else if (judgement.validity != v1::Health::VALID) {
    logger_.Warn(
        absl::StrCat("the generator is ", verdict, ": ", absl::StrJoin(judgement.reasons, "; ")));
  }
}

void RunApp::OnDone(const RunOutcome& outcome) {
  if (display_ != nullptr) {
    display_->Abandon();
  }
  exit_code_ = outcome.exit_code;
  if (request_.run.fail_on_suspect && exit_code_ == ExitCode::kSuccess &&
      run_->judgement().validity != v1::Health::VALID) {
    exit_code_ = ExitCode::kGeneratorSuspect;
    logger_.Error(absl::StrCat("the generator is ", WordOf(run_->judgement().validity),
                               ", and --fail-on-suspect was given"));
  }
  if (!outcome.message.empty()) {
    LogRecord record;
    record.time = loop_.clock().Wall();
    record.level = LogLevel::kError;
    record.message = outcome.message;
    if (outcome.script_fault) {
      record.fields.emplace_back("hint", "script exception");
    }
    logger_.Write(std::move(record));
  }
  bool linger = request_.run.linger.value_or(tiers_->config_file().linger.value_or(false));
  if (linger && request_.goal == RunRequest::Goal::kRun && signals_seen_ == 0) {
    logger_.Info("the run is over; lingering until Ctrl+C");
    lingering_ = true;
    return;
  }
  Farewell();
}

// Lets the agents hear the Goodbye and local ones end by themselves, for a moment.
void RunApp::Farewell() {
  farewell_until_ = loop_.clock().Mono() + kFarewell;
  loop_.Post([this] { LookForEnd(); });
}

void RunApp::LookForEnd() {
  bool gone = fleet_->dismissed() && (local_agents_ == nullptr || local_agents_->none());
  if (gone || loop_.clock().Mono() >= farewell_until_) {
    loop_.Stop();
  } else {
    loop_.After(absl::Milliseconds(1), [this] { LookForEnd(); });
  }
}

}  // namespace

RunRequest ToRequest(const RunCommand& command) {
  return {.test = command.test, .run = command.run, .no_color = command.log.no_color};
}

RunRequest ToRequest(const CoordinatorCommand& command) {
  return {.test = command.test,
          .run = command.run,
          .listen = command.listen,
          .wait_for_agents = command.wait_for_agents,
          .no_color = command.log.no_color};
}

RunRequest ToRequest(const InspectCommand& command) {
  return {.goal = RunRequest::Goal::kInspect,
          .test = command.test,
          .run = {},
          .execution_requirements = command.execution_requirements};
}

RunRequest ToRequest(const PlanCommand& command) {
  RunRequest request{.goal = RunRequest::Goal::kPlan, .test = command.test, .run = {}};
  request.run.partition = command.partition;
  request.weights = command.weights;
  request.json = command.json;
  return request;
}

ExitCode ExecuteRun(RunRequest request, const Environment& environment, RunLogger& logger) {
  return RunApp(std::move(request), environment, logger).Execute();
}

}  // namespace lockstep::coordinator
