// What simulated fleets are drawn with: seeds, dice, scenarios.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

#include "common/base/random.h"
#include "common/options/options.h"

namespace lockstep::testing {

inline uint64_t FromEnvironment(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : fallback;
}

// 1 to `count`, or the one that is to be replayed (LOCKSTEP_SIM_SEED).
inline std::vector<uint64_t> Seeds(uint64_t count) {
  if (const uint64_t one = FromEnvironment("LOCKSTEP_SIM_SEED", 0); one > 0) {
    return {one};
  }
  std::vector<uint64_t> seeds(count);
  for (size_t i = 0; i < seeds.size(); ++i) {
    seeds[i] = i + 1;
  }
  return seeds;
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
