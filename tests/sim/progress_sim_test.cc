// What a terminal shows of whole runs of three agents: each phase, each final state, at several
// widths. The expected texts are in tests/golden/progress; `scripts/dev golden` writes them anew.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/display_width.h"
#include "common/messages/words.h"
#include "common/plan/plan.h"
#include "coordinator/console/progress.h"
#include "tests/sim/sim_fleet.h"
#include "tests/support/golden.h"

namespace lockstep::testing {
namespace {

using coordinator::MakeProgressView;
using coordinator::ProgressView;
using coordinator::RenderTerminalLines;

constexpr int kWidths[] = {40, 80, 120, 200};

ScenarioConfig Scenario(std::string name, ExecutorConfig executor,
                        absl::Duration start = absl::ZeroDuration()) {
  ScenarioConfig scenario;
  scenario.name = std::move(name);
  scenario.start_time = start;
  scenario.graceful_stop = absl::Seconds(2);
  scenario.executor = std::move(executor);
  return scenario;
}

std::vector<ScenarioConfig> AllExecutors() {
  const std::vector<Stage> stages = {{absl::Seconds(2), 6}, {absl::Seconds(2), 3}};
  return {
      Scenario("shared", SharedIterationsConfig{3, 60}),
      Scenario("per_vu", PerVuIterationsConfig{3, 20}),
      Scenario("constant_vus", ConstantVusConfig{6, absl::Seconds(4)}),
      Scenario("ramping_vus", RampingVusConfig{3, stages, absl::Seconds(1)}),
      Scenario("constant_rate",
               ConstantArrivalRateConfig{30, absl::Seconds(1), absl::Seconds(4), 6, 12}),
      Scenario("ramping_rate", RampingArrivalRateConfig{6, absl::Seconds(1), stages, 6, 12}),
      Scenario("controlled", ExternallyControlledConfig{3, 9, absl::Seconds(4)}),
  };
}

// Twelve: more than a small screen has rows, some that wait and some that are soon done.
std::vector<ScenarioConfig> Twelve() {
  std::vector<ScenarioConfig> scenarios = AllExecutors();
  for (int i = 1; i <= 3; ++i) {
    scenarios.push_back(Scenario(absl::StrCat("soon_done_", i), PerVuIterationsConfig{3, 1}));
  }
  scenarios.push_back(Scenario("a_scenario_with_a_very_long_name_indeed",
                               ConstantVusConfig{3, absl::Seconds(2)}, absl::Seconds(2)));
  scenarios.push_back(Scenario("late", ConstantVusConfig{3, absl::Seconds(1)}, absl::Seconds(3)));
  return scenarios;
}

// Draws the run that it watches: the first drawing of each state, and one each second of those that
// last.
class Painter {
 public:
  Painter(const std::vector<ScenarioConfig>& scenarios, int rows)
      : plan_(*PlanInstance(scenarios, SegmentTuple())), rows_(rows) {}

  void Watch(v1::RunStatus status) {
    if (status.state() == v1::RunStatus::DONE) {
      return;
    }
    ExpectWhatHasEndedToBeWhole(status);
    AddLoads(&status);
    const auto second = static_cast<int64_t>(status.state_s() + 0.05);
    std::string moment = absl::StrCat(WordOf(status.state()), " ", second, "s");
    if (status.interrupts() > 0) {
      absl::StrAppend(&moment, ", Ctrl+C ", status.interrupts(), " times");
    }
    // Before the first second of the load, nothing is told of it.
    if (moment == last_ || (status.state() == v1::RunStatus::RUNNING && second == 0)) {
      return;
    }
    last_ = moment;
    const bool planned = status.state() > v1::RunStatus::INSPECTING;
    ProgressView view = MakeProgressView(status, planned ? &plan_ : nullptr);
    Paint(moment, view);
    if (status.state() == v1::RunStatus::SUMMARISING) {
      view.final = true;
      Paint("the final state", view);
    }
  }
  std::string text() const {
    std::string text;
    for (const int width : kWidths) {
      absl::StrAppend(&text, "==== ", width, " columns\n", texts_.at(width));
    }
    return text;
  }

 private:
  // Whatever the network does: batches and reports come over streams of their own.
  void ExpectWhatHasEndedToBeWhole(const v1::RunStatus& status) {
    for (const v1::ScenarioStatus& scenario : status.scenarios()) {
      if (scenario.state() == v1::ScenarioProgress::DONE) {
        const auto [first, fresh] = ended_with_.emplace(scenario.name(), scenario.iterations());
        EXPECT_EQ(scenario.iterations(), first->second) << scenario.name();
      }
    }
  }

  // The simulation's batches have no metrics: what its agents have delivered since the last time
  // stands for them, and a third of one scenario's for requests that failed.
  void AddLoads(v1::RunStatus* status) {
    const double seconds = status->elapsed_s() - elapsed_;
    const bool due = seconds >= 0.5 && status->iterations() != delivered_;
    delivered_ = status->iterations();
    elapsed_ = due ? status->elapsed_s() : elapsed_;
    v1::Load& all = *status->mutable_load();
    for (v1::ScenarioStatus& scenario : *status->mutable_scenarios()) {
      v1::Load& load = loads_[scenario.name()];
      if (due) {
        int64_t& before = iterations_[scenario.name()];
        load.set_iterations_per_s(static_cast<double>(scenario.iterations() - before) / seconds);
        load.set_http_reqs_failed_per_s(
            scenario.name() == "constant_vus" ? load.iterations_per_s() / 3 : 0);
        before = scenario.iterations();
      }
      if (status->state() == v1::RunStatus::RUNNING) {
        *scenario.mutable_load() = load;
      }
      all.set_http_reqs_per_s(all.http_reqs_per_s() + scenario.load().iterations_per_s());
      all.set_http_reqs_failed_per_s(all.http_reqs_failed_per_s() +
                                     scenario.load().http_reqs_failed_per_s());
    }
  }

  void Paint(const std::string& moment, const ProgressView& view) {
    for (const int width : kWidths) {
      const std::vector<std::string> lines =
          RenderTerminalLines(view, {.columns = width, .rows = rows_}, /*color=*/false);
      if (!view.final) {
        EXPECT_LT(lines.size(), static_cast<size_t>(rows_)) << moment;
      }
      std::string& text = texts_[width];
      absl::StrAppend(&text, "-- ", moment, "\n");
      for (const std::string& line : lines) {
        absl::StrAppend(&text, CutToWidth(line, static_cast<size_t>(width)), "\n");
      }
    }
  }

  const InstancePlan plan_;
  const int rows_;
  std::string last_;
  double elapsed_ = 0;
  int64_t delivered_ = 0;
  std::map<std::string, int64_t> iterations_;
  std::map<std::string, v1::Load> loads_;
  std::map<std::string, int64_t> ended_with_;
  std::map<int, std::string> texts_;
};

SimSetup ThreeAgents(std::vector<ScenarioConfig> scenarios) {
  SimSetup setup;
  setup.agents.resize(3);
  setup.agents[1].join_after = absl::Milliseconds(300);
  setup.agents[2].join_after = absl::Milliseconds(600);
  setup.scenarios = std::move(scenarios);
  setup.setup_takes = absl::Milliseconds(1500);
  return setup;
}

// Returns the exit code.
int Draw(const std::string& name, SimSetup setup, int rows = 24) {
  Painter painter(setup.scenarios, rows);
  setup.watch = [&painter](const v1::RunStatus& status) { painter.Watch(status); };
  const SimOutcome outcome = PlayRun(setup);
  EXPECT_TRUE(outcome.ended);
  ExpectGolden(absl::StrCat("progress/", name, ".txt"), painter.text());
  return outcome.exit_code;
}

TEST(ProgressOfARun, OneScenarioToItsEnd) {
  EXPECT_EQ(Draw("one", ThreeAgents({Scenario("default", ConstantVusConfig{6, absl::Seconds(3)})})),
            0);
}

TEST(ProgressOfARun, EachExecutor) {
  EXPECT_EQ(Draw("executors", ThreeAgents(AllExecutors())), 0);
}

TEST(ProgressOfARun, TwelveScenariosOnASmallScreen) {
  EXPECT_EQ(Draw("twelve", ThreeAgents(Twelve()), /*rows=*/10), 0);
}

TEST(ProgressOfARun, ThreeScenariosInterrupted) {
  SimSetup setup = ThreeAgents(
      {Scenario("first", ConstantVusConfig{3, absl::Seconds(20)}),
       Scenario("second",
                RampingArrivalRateConfig{9, absl::Seconds(1), {{absl::Seconds(9), 30}}, 6, 6}),
       Scenario("third", PerVuIterationsConfig{3, 1}, absl::Seconds(10))});
  setup.interrupt_at = absl::Seconds(5);
  EXPECT_EQ(Draw("interrupted", setup), 105);
}

TEST(ProgressOfARun, InterruptedInSetup) {
  SimSetup setup = ThreeAgents({Scenario("default", ConstantVusConfig{3, absl::Seconds(3)})});
  setup.setup_takes = absl::Seconds(30);
  setup.interrupt_at = absl::Seconds(3);
  EXPECT_EQ(Draw("interrupted_in_setup", setup), 105);
}

TEST(ProgressOfARun, PausedAndResumed) {
  SimSetup setup =
      ThreeAgents({Scenario("controlled", ExternallyControlledConfig{3, 9, absl::Seconds(6)})});
  setup.pause_at = absl::Seconds(4);
  setup.resume_at = absl::Seconds(6);
  EXPECT_EQ(Draw("paused", setup), 0);
}

}  // namespace
}  // namespace lockstep::testing
