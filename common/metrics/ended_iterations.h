// How many iterations have come to an end, by scenario. They travel beside the samples, in the same
// batches, so that what an agent has delivered and what it has done are told as of one moment, and
// whatever tags a test keeps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep {

struct EndedIterations {
  std::string scenario;
  int64_t full = 0;         // all >= 0
  int64_t interrupted = 0;  // before their end
  int64_t dropped = 0;      // never begun, for want of a VU or of time
};

// What `all` has of the scenario, added if it has nothing.
inline EndedIterations& EndedOf(absl::string_view scenario, std::vector<EndedIterations>& all) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const EndedIterations& each) {
    return each.scenario == scenario;
  });
  return found != all.end() ? *found
                            : all.emplace_back(EndedIterations{.scenario = std::string(scenario)});
}

inline void AddEnded(const std::vector<EndedIterations>& more, std::vector<EndedIterations>& all) {
  for (const EndedIterations& each : more) {
    EndedIterations& sum = EndedOf(each.scenario, all);
    sum.full += each.full;
    sum.interrupted += each.interrupted;
    sum.dropped += each.dropped;
  }
}

}  // namespace lockstep
