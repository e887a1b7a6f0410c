// A whole run in one process: the coordinator's core and five agents' conductors with real scenario
// engines and fake VUs, on simulated time, over a network that delays, breaks, loses and repeats.
// Each seed is another history.
//
// LOCKSTEP_SIM_SEED=N replays one.
#include <cstdlib>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "agent/rpc/conductor.h"
#include "common/options/options_json.h"
#include "coordinator/core/run.h"
#include "tests/sim/sim_network.h"
#include "tests/support/fake_vu_pool.h"

namespace lockstep {
namespace {

using coordinator::Run;
using coordinator::RunState;
using lockstep::testing::FakeVuPool;
using lockstep::testing::IterationRecord;
using lockstep::testing::SimLoop;
using lockstep::testing::SimNetwork;
using lockstep::testing::SkewedLoop;

constexpr int kAgents = 5;
constexpr int64_t kIterations = 103;

Options TestOptions() {
  Options options;
  ScenarioConfig shared;
  shared.name = "shared";
  shared.executor = SharedIterationsConfig{.vus = 13, .iterations = kIterations};
  ScenarioConfig rate;
  rate.name = "rate";
  rate.executor = ConstantArrivalRateConfig{
      .rate = 20, .duration = absl::Seconds(4), .pre_allocated_vus = 7, .max_vus = 7};
  options.scenarios = {shared, rate};
  return options;
}

// A script that exports what the test says, and whose iterations only take time.
class FakeHost final : public agent::ScriptHost {
 public:
  FakeHost(EventLoop& loop, uint64_t seed) : loop_(loop), random_(seed) {}

  void Inspect(const agent::ScriptBundle& bundle, const std::map<std::string, std::string>&,
               agent::FileLoader loader,
               absl::AnyInvocable<void(agent::ScriptResult<agent::Inspection>)> done) override {
    EXPECT_EQ(bundle.files.at(bundle.main_url), "the script");
    loader_ = std::move(loader);
    loader_("file:///dir/lib.js",
            [done = std::move(done)](absl::StatusOr<std::string> content) mutable {
              EXPECT_TRUE(content.ok());
              done({.value = agent::Inspection{}, .failure = {}});
            });
  }
  void Prepare(const agent::ScriptBundle& bundle, agent::RunConfig config, int64_t vus,
               absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) override {
    EXPECT_EQ(bundle.files.size(), 2u);
    auto duration = [this](const IterationRecord&) {
      return absl::Milliseconds(20 + static_cast<int64_t>(random_.Below(300)));
    };
    pool_ = std::make_unique<FakeVuPool>(
        loop_, FakeVuPool::Options{.vus = vus, .segment = config.segment, .duration = duration});
    loop_.After(absl::Milliseconds(30),
                [done = std::move(done)]() mutable { done({.value = true, .failure = {}}); });
  }
  void RunSetup(absl::AnyInvocable<void(agent::ScriptResult<std::string>)> done) override {
    ++setups;
    loop_.After(absl::Milliseconds(10),
                [done = std::move(done)]() mutable { done({.value = "42", .failure = {}}); });
  }
  void SetSetupData(std::string json) override { setup_data = std::move(json); }
  void RunTeardown(absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) override {
    ++teardowns;
    loop_.After(absl::Milliseconds(10),
                [done = std::move(done)]() mutable { done({.value = true, .failure = {}}); });
  }
  void RunHandleSummary(
      std::string,
      absl::AnyInvocable<void(agent::ScriptResult<std::map<std::string, std::string>>)> done)
      override {
    ++summaries;
    done({.value = std::map<std::string, std::string>(), .failure = {}});
  }
  void SetRunStart(MonoTime t0, absl::Time) override { t0_local = t0; }
  agent::VuPool& pool() override { return *pool_; }
  void Reset(absl::AnyInvocable<void()> done) override { loop_.Post(std::move(done)); }
  void SetEvents(Events) override {}

  const std::vector<IterationRecord>& records() const {
    static const std::vector<IterationRecord> none;
    return pool_ == nullptr ? none : pool_->records();
  }
  int setups = 0, teardowns = 0, summaries = 0;
  std::string setup_data;
  MonoTime t0_local;

 private:
  EventLoop& loop_;
  Random random_;
  agent::FileLoader loader_;
  std::unique_ptr<FakeVuPool> pool_;
};

// Seals "scenario,iteration" of each iteration that has ended since, and "dropped,count".
class FakeRecorder final : public agent::Recorder {
 public:
  explicit FakeRecorder(FakeHost& host) : host_(host) {}
  void BeginRun(const v1::Assign&, const Options&) override {}
  void AddDropped(size_t, int64_t count, int64_t) override { dropped += count; }
  void Seal(uint64_t number, absl::AnyInvocable<void(std::string)> done) override {
    std::string batch;
    for (const IterationRecord& record : host_.records()) {
      std::string id = absl::StrCat(record.scenario, ",", record.iteration.in_test);
      if (record.how == agent::IterationEnd::kFull && sealed_.insert(id).second) {
        absl::StrAppend(&batch, id, "\n");
      }
    }
    if (!batch.empty()) {
      batch = absl::StrCat(number, "\n", batch);
    }
    done(std::move(batch));
  }
  int64_t dropped = 0;

 private:
  FakeHost& host_;
  std::set<std::string> sealed_;
};

struct SimAgent {
  SimAgent(SimLoop& sim, SimNetwork& network, Logger& logger, int index, uint64_t seed)
      : loop(sim, absl::Seconds(100 * index)),
        host(loop, seed),
        recorder(host),
        log(loop),
        transport(network.MakeTransport()) {
    agent::SessionSettings settings;
    settings.version = "1";
    settings.name = absl::StrCat("agent-", index);
    settings.process_id = index + 1;
    session = std::make_unique<agent::Session>(loop, *transport, logger, settings);
    conductor = std::make_unique<agent::Conductor>(
        agent::Conductor::Parts{loop, *session, host, recorder, log},
        [](absl::string_view json) { return FromCanonicalJson(json); });
    conductor->Begin([](absl::Status) {});
  }
  SkewedLoop loop;
  FakeHost host;
  FakeRecorder recorder;
  agent::ScriptLog log;
  std::unique_ptr<agent::Transport> transport;
  std::unique_ptr<agent::Session> session;
  std::unique_ptr<agent::Conductor> conductor;
};

class SimSource final : public coordinator::TestSource {
 public:
  const coordinator::ScriptSource& script() const override { return script_; }
  void Fetch(const std::string&,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    done(std::string("a library"));
  }
  absl::StatusOr<coordinator::TestPlan> MakePlan(const v1::Inspected&) override {
    coordinator::TestPlan plan;
    plan.options_json = ToCanonicalJson(TestOptions());
    plan.has_setup = plan.has_teardown = plan.has_handle_summary = true;
    plan.length = absl::Minutes(10) + absl::Seconds(30);
    plan.graceful_stop = absl::Seconds(30);
    return plan;
  }

 private:
  const coordinator::ScriptSource script_{"file:///dir/script.js", "file:///dir/", "the script"};
};

// What arrived, by agent; checks on arrival that nothing comes twice.
class SimResults final : public coordinator::RunResults {
 public:
  absl::Status Merge(const std::string& agent, absl::string_view batch) override {
    std::vector<std::string> lines = absl::StrSplit(batch, '\n', absl::SkipEmpty());
    int64_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(lines.at(0), &number));
    EXPECT_EQ(number, ++last_[agent])
        << "a batch of " << agent << " was merged twice, or one was left out";
    for (size_t i = 1; i < lines.size(); ++i) {
      EXPECT_TRUE(iterations.insert(lines[i]).second)
          << "iteration " << lines[i] << " was counted twice";
      ++by_agent[agent];
    }
    return absl::OkStatus();
  }
  void AddVus(int64_t, int64_t) override {}
  std::optional<std::string> CheckThresholds(absl::Duration) override { return std::nullopt; }
  std::optional<std::string> FinalThresholds(absl::Duration) override { return std::nullopt; }
  std::string SummaryData(absl::Duration, const v1::SetupValue&) override { return "{}"; }
  void DescribeThresholds(v1::RunStatus*) const override {}

  std::set<std::string> iterations;  // "scenario,iteration"
  std::map<std::string, int64_t> by_agent;

 private:
  std::map<std::string, int64_t> last_;
};

struct History {
  int exit_code = -1;
  RunState state = RunState::kWaitingForAgents;
  std::set<std::string> counted;
  int setups = 0, teardowns = 0, summaries = 0;
  int64_t dropped = 0;
  std::set<std::string> begun;
  int begun_twice = 0;
  absl::Duration worst_t0;  // of an agent's T0 from the first agent's
};

// Plays one run. `kill`: an agent that vanishes two seconds after T0, or -1.
History Play(uint64_t seed, lockstep::testing::NetworkFaults faults, int kill, double tolerated) {
  SimLoop loop;
  NullLogger log;
  SimNetwork network(loop, seed, faults);
  int ids = 0;
  coordinator::Fleet fleet(loop, network, log, {.version = "1"},
                           [&ids] { return absl::StrCat("session", ++ids); });
  network.Attach(&fleet);
  SimSource source;
  SimResults results;
  History history;
  coordinator::RunSettings settings;
  settings.agents = kAgents;
  settings.tolerated_loss_percent = tolerated;
  Run run(loop, fleet, source, results, log, settings);
  run.Begin({.on_state = [](RunState) {},
             .on_planned = [](const coordinator::TestPlan&) {},
             .on_tick = [] {},
             .on_summary = [](auto) {},
             .on_done =
                 [&](const coordinator::RunOutcome& outcome) {
                   history.exit_code = static_cast<int>(outcome.exit_code);
                 }});
  std::vector<std::unique_ptr<SimAgent>> agents;
  for (int i = 0; i < kAgents; ++i) {
    agents.push_back(
        std::make_unique<SimAgent>(loop, network, log, i, seed * 10 + static_cast<uint64_t>(i)));
  }
  for (int tenths = 0; tenths < 36'000 && run.state() != RunState::kDone; ++tenths) {
    loop.RunFor(absl::Milliseconds(100));
    if (kill >= 0 && run.elapsed() >= absl::Seconds(2)) {
      network.CutOff(*agents[static_cast<size_t>(kill)]->transport);
      kill = -1;
    }
  }
  history.state = run.state();
  history.counted = results.iterations;
  for (size_t i = 0; i < agents.size(); ++i) {
    const SimAgent& agent = *agents[i];
    history.setups += agent.host.setups;
    history.teardowns += agent.host.teardowns;
    history.summaries += agent.host.summaries;
    history.dropped += agent.recorder.dropped;
    for (const IterationRecord& record : agent.host.records()) {
      history.begun_twice +=
          history.begun.insert(absl::StrCat(record.scenario, ",", record.iteration.in_test)).second
              ? 0
              : 1;
    }
    MonoTime t0 = agent.host.t0_local - absl::Seconds(100 * static_cast<int64_t>(i));
    MonoTime first = agents[0]->host.t0_local;
    history.worst_t0 = std::max(history.worst_t0, absl::AbsDuration(t0 - first));
  }
  // The loop's tasks refer to the agents: play what is left while they are there.
  network.Calm();
  loop.RunFor(absl::Seconds(30));
  return history;
}

std::vector<uint64_t> Seeds() {
  uint64_t one = 0;
  if (const char* text = std::getenv("LOCKSTEP_SIM_SEED");
      text != nullptr && absl::SimpleAtoi(text, &one)) {
    return {one};
  }
  std::vector<uint64_t> seeds(50);
  for (size_t i = 0; i < seeds.size(); ++i) {
    seeds[i] = i + 1;
  }
  return seeds;
}

TEST(RunSim, OverALossyNetworkEveryIterationHappensOnceAndIsCountedOnce) {
  for (uint64_t seed : Seeds()) {
    SCOPED_TRACE(absl::StrCat("LOCKSTEP_SIM_SEED=", seed));
    History history =
        Play(seed, {.break_per_message = 0.01, .lose_batch = 0.1, .repeat_batch = 0.1}, /*kill=*/-1,
             /*tolerated=*/0);
    EXPECT_EQ(history.state, RunState::kDone);
    EXPECT_EQ(history.exit_code, 0);
    EXPECT_EQ(history.begun_twice, 0);
    EXPECT_EQ(history.counted, history.begun);
    // 103 of the pool; 20/s for 4 s: 80 starts, or 81 if the one at the very end counts.
    EXPECT_GE(static_cast<int64_t>(history.counted.size()) + history.dropped, kIterations + 80);
    EXPECT_LE(static_cast<int64_t>(history.counted.size()) + history.dropped, kIterations + 81);
    EXPECT_EQ(history.setups, 1);
    EXPECT_EQ(history.teardowns, 1);
    EXPECT_EQ(history.summaries, 1);
    EXPECT_LE(history.worst_t0, absl::Milliseconds(10));  // two half round trips at most
  }
}

TEST(RunSim, AToleratedLossCostsOnlyWhatWasNotAcknowledged) {
  for (uint64_t seed : Seeds()) {
    SCOPED_TRACE(absl::StrCat("LOCKSTEP_SIM_SEED=", seed));
    int victim = static_cast<int>(seed % kAgents);
    History history = Play(
        seed, {.break_per_message = 0.005, .lose_batch = 0.05, .repeat_batch = 0.05}, victim, 20);
    EXPECT_EQ(history.state, RunState::kDone);
    EXPECT_EQ(history.exit_code, 0);
    EXPECT_EQ(history.begun_twice, 0);
    EXPECT_LE(history.counted.size(), history.begun.size());
    EXPECT_EQ(history.setups, 1);
    EXPECT_EQ(history.teardowns, 1);
  }
}

TEST(RunSim, WithoutToleranceALossEndsTheRun) {
  for (uint64_t seed : Seeds()) {
    SCOPED_TRACE(absl::StrCat("LOCKSTEP_SIM_SEED=", seed));
    History history = Play(seed, {.break_per_message = 0.005}, static_cast<int>(seed % kAgents), 0);
    EXPECT_EQ(history.state, RunState::kDone);
    // An agent that had nothing left to say when it vanished is not missed until its lease is over.
    EXPECT_THAT(history.exit_code, ::testing::AnyOf(255, 0));
    EXPECT_EQ(history.teardowns, 1);
  }
}

}  // namespace
}  // namespace lockstep
