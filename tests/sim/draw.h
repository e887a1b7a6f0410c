// What simulated fleets are drawn with: dice, scenarios.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "common/base/random.h"
#include "common/options/options.h"
#include "tests/sim/sim_setup.h"

namespace lockstep::testing {

// Agents whose clocks differ by minutes.
inline SimSetup FleetOf(int agents, uint64_t seed) {
  SimSetup setup;
  setup.seed = seed;
  for (int i = 0; i < agents; ++i) {
    setup.agents.push_back({.clock_offset = absl::Seconds(100 * i)});
  }
  return setup;
}

inline ScenarioConfig Scenario(std::string name, ExecutorConfig executor) {
  ScenarioConfig scenario;
  scenario.name = std::move(name);
  scenario.executor = std::move(executor);
  return scenario;
}

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  double Unit() { return random_.Unit(); }  // [0, 1)
  bool Chance(double probability) { return random_.Unit() < probability; }
  int64_t Number(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most - least + 1)));
  }
  size_t Index(size_t size) { return random_.Below(size); }  // of a vector
  absl::Duration Millis(int64_t least, int64_t most) {
    return absl::Milliseconds(Number(least, most));
  }
  // One to three, of which a fifth are steps; the others last from `least` to `most` milliseconds.
  std::vector<Stage> Stages(int64_t least, int64_t most, int64_t highest_target) {
    std::vector<Stage> stages(static_cast<size_t>(Number(1, 3)));
    for (Stage& stage : stages) {
      stage = {Chance(0.2) ? absl::ZeroDuration() : Millis(least, most), Number(0, highest_target)};
    }
    return stages;
  }

 private:
  Random random_;
};

}  // namespace lockstep::testing
