#include "tests/sim/sim_fleet.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "agent/run/conductor.h"
#include "common/options/options_json.h"
#include "common/plan/plan.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/keeper.h"
#include "tests/support/fake_vu_pool.h"

namespace lockstep::testing {

using coordinator::Run;
using coordinator::RunState;

void Ledger::Begin(size_t agent, SimIteration iteration, MonoTime at,
                   std::optional<absl::Duration> intended) {
  if (intended.has_value()) {
    intended_[iteration] = *intended;
  }
  begins_.emplace_back(agent, at);
  EXPECT_TRUE(begun_.insert(iteration).second)
      << "iteration " << iteration.second << " of scenario " << iteration.first
      << " began twice, now on agent " << agent;
  ++begun_by_[{agent, iteration.first}];
}

void Ledger::MergeBatch(const std::string& agent, int64_t number,
                        const std::vector<SimIteration>& full) {
  EXPECT_EQ(number, ++last_batch_[agent])
      << "a batch of " << agent << " was merged twice, or one was left out";
  for (const SimIteration& iteration : full) {
    EXPECT_TRUE(begun_.contains(iteration)) << iteration.second << " was counted and never began";
    EXPECT_TRUE(counted_.insert(iteration).second)
        << "iteration " << iteration.second << " of scenario " << iteration.first
        << " was counted twice";
    ++counted_of_[agent];
  }
}

void Ledger::TakeBack(Counts counts) {
  counted_ = std::move(counts.counted);
  counted_of_ = std::move(counts.counted_of);
  last_batch_ = std::move(counts.last_batch);
}

int64_t Ledger::counted_of(const std::string& agent) const {
  const auto found = counted_of_.find(agent);
  return found == counted_of_.end() ? 0 : found->second;
}

int64_t Ledger::begun_by(size_t agent, size_t scenario) const {
  const auto found = begun_by_.find({agent, scenario});
  return found == begun_by_.end() ? 0 : found->second;
}

namespace {

class CollectingLogger final : public Logger {
 public:
  void Write(LogRecord record) override { messages.push_back(std::move(record.message)); }
  std::vector<std::string> messages;
};

// A script that exports everything, and whose iterations only take time.
class FakeHost final : public agent::ScriptHost {
 public:
  FakeHost(EventLoop& loop, const SimSetup& setup, size_t agent, Ledger& ledger, const int& lives)
      : dropped(setup.scenarios.size(), 0),
        loop_(loop),
        setup_takes_(setup.setup_takes),
        lives_(lives),
        clock_offset_(setup.agents[agent].clock_offset),
        random_(setup.seed * 100 + agent),
        agent_(agent),
        ledger_(ledger) {}

  void Inspect(const agent::ScriptBundle& bundle, const std::map<std::string, std::string>&,
               agent::FileLoader loader,
               absl::AnyInvocable<void(agent::ScriptResult<agent::Inspection>)> done) override {
    EXPECT_EQ(bundle.files.at(bundle.main_url), "the script");
    loader_ = std::move(loader);
    loader_("file:///dir/lib.js",
            [done = std::move(done)](const absl::StatusOr<std::string>& content) mutable {
              EXPECT_TRUE(content.ok());
              done({.value = agent::Inspection{}, .failure = {}});
            });
  }
  void Prepare(const agent::ScriptBundle& bundle, agent::RunConfig config,
               absl::AnyInvocable<void(agent::ScriptResult<agent::VuPool*>)> done) override {
    EXPECT_EQ(bundle.files.size(), 2u);
    if (std::exchange(life_, lives_) != lives_) {  // not again for the same run
      std::fill(dropped.begin(), dropped.end(), 0);
      setups = teardowns = summaries = 0;
    }
    t0_local.reset();
    sealed_.clear();
    auto begins = [this, life = lives_](const IterationRecord& record) {
      if (life == lives_) {  // else its coordinator is gone, and nobody counts any more
        std::optional<absl::Duration> intended;
        if (record.iteration.intended > MonoTime()) {
          intended = record.iteration.intended - *t0_local;
        }
        ledger_.Begin(agent_, {record.scenario, record.iteration.in_test},
                      record.begin - clock_offset_, intended);
      }
      return absl::Milliseconds(20 + static_cast<int64_t>(random_.Below(300)));
    };
    pool_ = std::make_unique<FakeVuPool>(
        loop_, FakeVuPool::Options{
                   .vus = config.plan.planned_vus, .segment = config.segment, .duration = begins});
    loop_.After(absl::Milliseconds(30), [this, done = std::move(done)]() mutable {
      done({.value = pool_.get(), .failure = {}});
    });
  }
  void RunSetup(absl::AnyInvocable<void(agent::ScriptResult<std::string>)> done) override {
    ++setups;
    setup_done_ = std::move(done);
    loop_.After(setup_takes_, [this] { EndSetup({.value = "42", .failure = {}}); });
  }
  void InterruptSetup() override {
    loop_.After(absl::Milliseconds(1), [this] {
      EndSetup({.value = std::nullopt, .failure = {ExitCode::kGenericTimeout, "interrupted"}});
    });
  }
  int64_t vus_initialised() const override { return pool_ == nullptr ? 0 : pool_->initialised(); }
  void SetSetupData(std::string json) override { EXPECT_EQ(json, "42"); }
  void RunTeardown(absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) override {
    ++teardowns;
    loop_.After(absl::Milliseconds(10),
                [done = std::move(done)]() mutable { done({.value = true, .failure = {}}); });
  }
  void RunHandleSummary(
      std::string,
      absl::AnyInvocable<void(agent::ScriptResult<agent::SummaryOutputs>)> done) override {
    ++summaries;
    done({.value = std::map<std::string, std::string>(), .failure = {}});
  }
  void SetRunStart(MonoTime t0, absl::Time) override { t0_local = t0; }
  // As with workers: what the engine has interrupted comes to its end before, and the VUs go behind it.
  void Reset(absl::AnyInvocable<void()> done) override {
    loop_.After(absl::Milliseconds(1), [this, done = std::move(done)]() mutable {
      const std::unique_ptr<FakeVuPool> ended = std::move(pool_);
      done();
    });
  }
  void SetEvents(Events) override {}
  void AddDropped(size_t scenario, int64_t count, int64_t) override {
    dropped.at(scenario) += count;
  }
  // The batch's number and "scenario,iteration" of each iteration that has ended since the last
  // one.
  void Seal(uint64_t number, Sealed done) override {
    std::string batch;
    if (pool_ != nullptr) {
      for (const IterationRecord& record : pool_->records()) {
        if (record.how == agent::IterationEnd::kFull &&
            sealed_.insert({record.scenario, record.iteration.in_test}).second) {
          absl::StrAppend(&batch, record.scenario, ",", record.iteration.in_test, "\n");
        }
      }
    }
    done(batch.empty() ? std::vector<std::string>()
                       : std::vector<std::string>{absl::StrCat(number, "\n", batch)});
  }

  std::vector<int64_t> dropped;  // by scenario
  int setups = 0, teardowns = 0, summaries = 0;
  std::optional<MonoTime> t0_local;

 private:
  void EndSetup(agent::ScriptResult<std::string> result) {
    if (setup_done_) {
      std::exchange(setup_done_, nullptr)(std::move(result));
    }
  }

  EventLoop& loop_;
  const absl::Duration setup_takes_;
  absl::AnyInvocable<void(agent::ScriptResult<std::string>)> setup_done_;
  const int& lives_;  // of the coordinator
  int life_ = 0;      // of the one that we have prepared for
  const absl::Duration clock_offset_;
  Random random_;
  const size_t agent_;
  Ledger& ledger_;
  agent::FileLoader loader_;
  std::unique_ptr<FakeVuPool> pool_;
  std::set<SimIteration> sealed_;
};

struct SimAgent {
  SimAgent(SimLoop& sim, SimNetwork& network, Ledger& ledger, const int& lives, size_t index,
           const SimSetup& setup)
      : loop(sim, setup.agents[index].clock_offset),
        host(loop, setup, index, ledger, lives),
        log(loop),
        transport(network.MakeTransport()) {
    agent::SessionSettings settings;
    settings.version = "1";
    settings.name = absl::StrCat("agent-", index);
    settings.weight = setup.agents[index].weight;
    settings.process_id = static_cast<int64_t>(index) + 1;
    session = std::make_unique<agent::Session>(loop, *transport, logger, settings);
    conductor = std::make_unique<agent::Conductor>(
        agent::Conductor::Parts{loop, *session, host, log},
        [](absl::string_view json) { return FromCanonicalJson(json); });
    conductor->Begin([](const absl::Status&) {});
  }
  NullLogger logger;
  SkewedLoop loop;
  FakeHost host;
  agent::ScriptLog log;
  std::unique_ptr<agent::Transport> transport;
  std::unique_ptr<agent::Session> session;
  std::unique_ptr<agent::Conductor> conductor;
  bool died = false;
};

class SimSource final : public coordinator::TestSource {
 public:
  explicit SimSource(const SimSetup& setup) {
    Options options;
    options.scenarios = setup.scenarios;
    plan_.options_json = ToCanonicalJson(options);
    plan_.partition = setup.partition;
    plan_.has_setup = plan_.has_teardown = plan_.has_handle_summary = true;
    plan_.setup_timeout = plan_.teardown_timeout = absl::Seconds(60);
    plan_.handle_summary_timeout = absl::Seconds(120);
    plan_.length = PlanInstance(setup.scenarios, SegmentTuple())->max_duration;
    for (const ScenarioConfig& scenario : setup.scenarios) {
      plan_.graceful_stop = std::max(plan_.graceful_stop, scenario.graceful_stop);
      plan_.executors[scenario.name] = ExecutorTypeName(scenario.executor);
      if (const auto* controlled = std::get_if<ExternallyControlledConfig>(&scenario.executor)) {
        plan_.controlled[scenario.name] = {controlled->vus, controlled->max_vus};
      }
    }
    for (const ScenarioConfig& scenario : setup.scenarios) {
      if (const auto* shared = std::get_if<SharedIterationsConfig>(&scenario.executor)) {
        plan_.pools[scenario.name] = shared->iterations;
      }
    }
    plan_.starts_between = [scenarios = setup.scenarios](const SegmentTuple& segment,
                                                         absl::Duration from, absl::Duration to) {
      return StartsBetween(*PlanInstance(scenarios, segment), from, to);
    };
    plan_.share_of = [scenarios = setup.scenarios](const SegmentTuple& segment) {
      const InstancePlan part = *PlanInstance(scenarios, segment);
      coordinator::AgentShare share{.scenarios = {}, .max_vus = part.max_vus};
      for (const ScenarioPlan& scenario : part.scenarios) {
        share.scenarios.push_back({scenario.name, scenario.iterations, scenario.max_vus});
      }
      return share;
    };
  }
  const coordinator::ScriptSource& script() const override { return script_; }
  void Fetch(const std::string&,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    done(std::string("a library"));
  }
  absl::StatusOr<coordinator::TestPlan> MakePlan(const v1::Inspected&) override { return plan_; }

 private:
  const coordinator::ScriptSource script_{"file:///dir/script.js", "file:///dir/", "the script"};
  coordinator::TestPlan plan_;
};

class SimResults final : public coordinator::RunResults {
 public:
  explicit SimResults(Ledger& ledger) : ledger_(ledger) {}
  absl::Status Merge(const std::string& agent, absl::string_view batch) override {
    const std::vector<absl::string_view> lines = absl::StrSplit(batch, '\n', absl::SkipEmpty());
    int64_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(lines.at(0), &number));
    std::vector<SimIteration> full;
    for (size_t i = 1; i < lines.size(); ++i) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(lines[i], ',');
      SimIteration& iteration = full.emplace_back();
      EXPECT_TRUE(absl::SimpleAtoi(parts.first, &iteration.first));
      EXPECT_TRUE(absl::SimpleAtoi(parts.second, &iteration.second));
    }
    ledger_.MergeBatch(agent, number, full);
    Batch measured;
    measured.metrics.push_back({"iterations", MetricType::kCounter, ValueType::kDefault});
    measured.tag_sets.push_back({{"agent", agent}});
    for (size_t i = 0; i < full.size(); ++i) {
      Aggregate one(MetricType::kCounter);
      one.Add(1, absl::UnixEpoch());
      measured.series.push_back({.first_seen = {}, .aggregate = std::move(one)});
    }
    return store.Merge(measured);
  }
  void AddVus(int64_t, int64_t) override {}
  std::optional<std::string> CheckThresholds(absl::Duration measured) override {
    judged_.emplace_back(measured, ledger_.counted().size());
    return std::nullopt;
  }
  std::optional<std::string> FinalThresholds(absl::Duration) override { return std::nullopt; }
  std::string SummaryData(absl::Duration, const v1::SetupValue&) override { return "{}"; }
  void DescribeThresholds(v1::RunStatus*) const override {}
  const std::vector<std::pair<absl::Duration, size_t>>& judged() const { return judged_; }

  AggregateStore store;
  ErrorTable errors;

 private:
  Ledger& ledger_;
  std::vector<std::pair<absl::Duration, size_t>> judged_;
};

// The coordinator's side and the agents of one run.
class Fleet {
 public:
  explicit Fleet(const SimSetup& setup)
      : setup_(setup),
        network_(loop_, setup.seed, setup.faults),
        source_(setup),
        journal_file_(absl::StrCat(::testing::TempDir(), "/lockstep_sim_", getpid(), ".db")) {
    RemoveJournal();
  }
  ~Fleet() { RemoveJournal(); }

  SimOutcome Play() {
    BeginRun();
    agents_.resize(setup_.agents.size());
    for (size_t i = 0; i < agents_.size(); ++i) {
      loop_.After(setup_.agents[i].join_after, [this, i] {
        agents_[i] =
            std::make_unique<SimAgent>(loop_, network_, outcome_.ledger, lives_, i, setup_);
      });
      if (setup_.agents[i].leaves_at < absl::InfiniteDuration()) {
        loop_.After(setup_.agents[i].leaves_at, [this, i] {
          if (agents_[i] != nullptr) {
            agents_[i]->conductor->Drain("terminated");
          }
        });
      }
      if (setup_.agents[i].dies_at < absl::InfiniteDuration()) {
        loop_.After(setup_.agents[i].dies_at, [this, i] { Kill(i); });
      }
    }
    if (setup_.coordinator_dies_at < absl::InfiniteDuration()) {
      loop_.After(setup_.coordinator_dies_at, [this] {
        if (run_->state() != v1::RunStatus::DONE) {
          RestartCoordinator();
        }
      });
    }
    for (const SimSetup::Restart& restart : setup_.restarts) {
      loop_.After(restart.at, [this, restart] { KillCoordinator(restart.down); });
    }
    for (const absl::Duration at : {setup_.interrupt_at, setup_.interrupt_again_at}) {
      if (at < absl::InfiniteDuration()) {
        loop_.After(at, [this] {
          if (run_ != nullptr) {
            run_->Interrupt("interrupt");
          }
        });
      }
    }
    if (setup_.watch) {
      WatchOn();
    }
    if (setup_.pause_at < absl::InfiniteDuration()) {
      loop_.After(setup_.pause_at, [this] { EXPECT_TRUE(run_->Pause().ok()); });
      loop_.After(setup_.resume_at, [this] { EXPECT_TRUE(run_->Resume().ok()); });
    }
    for (const auto& [at, agents] : setup_.scales) {
      loop_.After(at, [this, agents = agents] {
        if (run_ != nullptr) {
          run_->ScaleAgents(agents).IgnoreError();
        }
      });
    }
    const MonoTime limit = loop_.clock().Mono() + absl::Hours(1);
    bool consistent = true;
    while (!over() && loop_.clock().Mono() < limit && consistent) {
      EXPECT_TRUE(loop_.RunOne());
      consistent = outcome_.ledger.Consistent();
    }
    EXPECT_TRUE(consistent);
    Conclude();
    // The loop's tasks refer to the agents: play what is left while they are there.
    network_.Calm();
    loop_.RunFor(absl::Seconds(15));
    return std::move(outcome_);
  }

 private:
  bool over() const { return run_ != nullptr && run_->state() == v1::RunStatus::DONE; }
  // A coordinator and its run.
  void BeginRun() {
    MakeRun();
    if (!setup_.restarts.empty()) {
      OpenJournal();
      EXPECT_TRUE(journal_->Begin({.script = "sim"}).ok());
      test_kept_ = false;
    }
    run_->Begin(Events());
  }
  void MakeRun() {
    fleet_.emplace(loop_, network_, log_, coordinator::FleetSettings{.version = "1"},
                   [this] { return absl::StrCat("session", ++ids_); });
    network_.Attach(&*fleet_);
    results_.emplace(outcome_.ledger);
    coordinator::RunSettings settings;
    settings.agents = setup_.wanted == 0 ? setup_.agents.size() : setup_.wanted;
    settings.redistribute = settings.late_agents_join = setup_.redistribute;
    settings.tolerated_loss_percent = setup_.tolerated_loss_percent;
    settings.wait_for_agents = absl::Minutes(1);
    settings.held_back =
        setup_.restarts.empty() ? absl::ZeroDuration() : coordinator::Keeper::kMostDelay;
    run_ = std::make_unique<Run>(loop_, *fleet_, source_, *results_, log_, settings);
  }
  Run::Events Events() {
    return {.on_state =
                [this](RunState state) {
                  const bool first = !outcome_.started;
                  outcome_.started = outcome_.started || state == v1::RunStatus::RUNNING;
                  if (first && outcome_.started) {
                    ScheduleKill();
                    Sample();
                  }
                  if (keeper_ != nullptr) {
                    keeper_->OnState(state);
                  }
                  if (setup_.watch) {
                    setup_.watch(run_->Snapshot());
                  }
                },
            .on_planned = [](const coordinator::TestPlan&) {},
            .on_tick = [] {},
            .on_summary = [](auto) {},
            .on_done =
                [this](const coordinator::RunOutcome& outcome) {
                  EXPECT_FALSE(outcome_.ended) << "the run ended twice";
                  outcome_.ended = true;
                  outcome_.exit_code = static_cast<int>(outcome.exit_code);
                  if (keeper_ != nullptr) {
                    keeper_->End();
                    outcome_.kept = results_->store.samples();
                  }
                }};
  }
  // ---- a coordinator that is killed, and its journal ----
  void RemoveJournal() {
    for (const char* part : {"", "-wal", "-shm"}) {
      unlink((journal_file_ + part).c_str());
    }
  }
  void OpenJournal() {
    absl::StatusOr<std::unique_ptr<coordinator::Journal>> journal =
        coordinator::Journal::Open(journal_file_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    keeper_ = std::make_unique<coordinator::Keeper>(
        coordinator::Keeper::Parts{loop_, *run_, *fleet_, log_},
        [this](const coordinator::RunCheckpoint& run, const coordinator::FleetCheckpoint& fleet,
               bool results) { return Keep(run, fleet, results); });
  }
  absl::Status Keep(const coordinator::RunCheckpoint& run,
                    const coordinator::FleetCheckpoint& fleet, bool results) {
    if (!std::exchange(test_kept_, true)) {
      EXPECT_TRUE(journal_->KeepTest(run.inspected, run_->plan()->options_json, false).ok());
      EXPECT_TRUE(journal_->KeepBundle(run_->bundle()).ok());
    }
    std::optional<coordinator::Journal::ResultsNow> now;
    if (results) {
      now.emplace(coordinator::Journal::ResultsNow{results_->store, results_->errors});
      kept_counts_ = outcome_.ledger.counts();
    }
    absl::Status kept = journal_->Keep(run, fleet, now, loop_.clock().Wall(), loop_.clock().Mono());
    EXPECT_TRUE(kept.ok()) << kept;
    return kept;
  }
  void KillCoordinator(absl::Duration down) {
    if (run_ == nullptr || over()) {
      return;
    }
    network_.Attach(nullptr);
    network_.BreakAll();
    keeper_.reset();
    run_.reset();
    fleet_.reset();
    journal_.reset();
    loop_.After(down, [this] { GoOn(); });
  }
  void GoOn() {
    MakeRun();
    OpenJournal();
    absl::StatusOr<std::optional<coordinator::UnfinishedRun>> found = journal_->FindUnfinished();
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_TRUE(found->has_value());
    coordinator::UnfinishedRun& unfinished = **found;
    if (unfinished.run.state < v1::RunStatus::RUNNING) {
      ++lives_;
      outcome_ = SimOutcome();
      test_kept_ = false;
      ASSERT_TRUE(journal_->Begin({.script = "sim"}).ok());
      run_->Begin(Events());
      return;
    }
    ++outcome_.went_on;
    outcome_.ledger.TakeBack(kept_counts_);
    ASSERT_TRUE(journal_->GoOn(unfinished).ok());
    const absl::Status read =
        journal_->ReadResults(unfinished.id, &results_->store, &results_->errors);
    ASSERT_TRUE(read.ok()) << read;
    EXPECT_EQ(results_->store.samples(), outcome_.ledger.counted().size());
    fleet_->Restore(std::move(unfinished.fleet));
    const absl::Status gone_on =
        run_->GoOn(Events(), std::move(unfinished.run), std::move(unfinished.bundle));
    ASSERT_TRUE(gone_on.ok()) << gone_on;
  }
  void WatchOn() {
    loop_.After(absl::Milliseconds(100), [this] {
      if (run_ != nullptr && run_->state() != v1::RunStatus::DONE) {
        setup_.watch(run_->Snapshot());
        WatchOn();
      }
    });
  }
  void RestartCoordinator() {
    ++lives_;
    run_.reset();
    fleet_.reset();
    outcome_ = SimOutcome();
    log_.messages.clear();
    BeginRun();
    network_.BreakAll();
  }
  void Sample() {
    if (run_ == nullptr) {
      loop_.After(absl::Milliseconds(100), [this] { Sample(); });
      return;
    }
    if (run_->state() != v1::RunStatus::RUNNING) {
      return;
    }
    SimSample& sample = outcome_.samples.emplace_back();
    sample.after_t0 = run_->elapsed();
    sample.vus.resize(setup_.scenarios.size());
    for (const std::unique_ptr<SimAgent>& agent : agents_) {
      if (agent != nullptr && !agent->died) {
        const v1::Progress progress = agent->conductor->Progress();
        for (int i = 0; i < progress.scenarios_size(); ++i) {
          sample.vus[static_cast<size_t>(i)] += progress.scenarios(i).vus();
        }
      }
    }
    loop_.After(absl::Milliseconds(100), [this] { Sample(); });
  }
  void Kill(size_t agent) {
    if (agents_[agent] != nullptr && !std::exchange(agents_[agent]->died, true)) {
      network_.CutOff(*agents_[agent]->transport);
    }
  }
  void ScheduleKill() {
    if (setup_.kill_after_t0 < absl::InfiniteDuration()) {
      loop_.After(setup_.kill_after_t0, [this] { Kill(setup_.victim); });
    }
    if (setup_.leave_after_t0 < absl::InfiniteDuration()) {
      loop_.After(setup_.leave_after_t0,
                  [this] { agents_[setup_.victim]->conductor->Drain("terminated"); });
    }
  }
  void Conclude() {
    std::optional<MonoTime> first;
    for (size_t i = 0; i < agents_.size(); ++i) {
      if (agents_[i] == nullptr) {
        continue;
      }
      const FakeHost& host = agents_[i]->host;
      outcome_.setups += host.setups;
      outcome_.teardowns += host.teardowns;
      outcome_.summaries += host.summaries;
      if (host.t0_local.has_value() && !agents_[i]->died) {
        const MonoTime t0 = *host.t0_local - setup_.agents[i].clock_offset;
        first = first.value_or(t0);
        outcome_.worst_t0 = std::max(outcome_.worst_t0, absl::AbsDuration(t0 - *first));
      }
    }
    for (const coordinator::RunMember& member : run_->members()) {
      size_t agent = 0;
      EXPECT_TRUE(absl::SimpleAtoi(absl::StripPrefix(member.name, "agent-"), &agent));
      outcome_.members.push_back({agent, member.lost, agents_[agent]->died, member.share,
                                  member.progress, agents_[agent]->host.dropped, member.settled()});
    }
    outcome_.log = log_.messages;
    outcome_.judged = results_->judged();
  }

  const SimSetup& setup_;
  SimOutcome outcome_;
  SimLoop loop_;
  CollectingLogger log_;
  SimNetwork network_;
  int ids_ = 0;
  int lives_ = 1;  // of the coordinator
  SimSource source_;
  std::optional<coordinator::Fleet> fleet_;
  std::optional<SimResults> results_;
  const std::string journal_file_;
  std::unique_ptr<coordinator::Journal> journal_;  // null: there is none
  Ledger::Counts kept_counts_;                     // of the last commit
  bool test_kept_ = false;
  std::unique_ptr<Run> run_;
  std::unique_ptr<coordinator::Keeper> keeper_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
};

}  // namespace

SimOutcome PlayRun(const SimSetup& setup) {
  SimSetup in_order = setup;
  Options options;
  options.scenarios = setup.scenarios;
  in_order.scenarios = *FromCanonicalJson(ToCanonicalJson(options))->scenarios;
  SimOutcome outcome = Fleet(in_order).Play();
  outcome.scenarios = in_order.scenarios;
  return outcome;
}

}  // namespace lockstep::testing
