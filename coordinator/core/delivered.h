// What the merged batches of an agent have told, by scenario: how many iterations have come to an
// end, and how many requests were sent. All of it is as of one moment, the end of the last batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct Delivered {
  std::string scenario;     // empty: of none, as in setup()
  int64_t full = 0;         // all >= 0
  int64_t interrupted = 0;  // before their end
  int64_t dropped = 0;      // never begun, for want of a VU or of time
  int64_t requests = 0;
  int64_t failed = 0;  // of these

  int64_t settled() const { return full + interrupted + dropped; }
};

// Iterations that an agent had told of, and that no batch will tell of any more.
struct Undelivered {
  std::string scenario;
  int64_t iterations = 0;
};

// What `all` has of the scenario, added if it has nothing.
inline Delivered& DeliveredOf(absl::string_view scenario, std::vector<Delivered>& all) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Delivered& each) { return each.scenario == scenario; });
  return found != all.end() ? *found
                            : all.emplace_back(Delivered{.scenario = std::string(scenario)});
}

inline void AddDelivered(const std::vector<Delivered>& more, std::vector<Delivered>& all) {
  for (const Delivered& each : more) {
    Delivered& sum = DeliveredOf(each.scenario, all);
    for (int64_t Delivered::*const field :
         {&Delivered::full, &Delivered::interrupted, &Delivered::dropped, &Delivered::requests,
          &Delivered::failed}) {
      // An agent may say anything; it stays a number.
      sum.*field += std::min(each.*field, std::numeric_limits<int64_t>::max() / 8 - sum.*field);
    }
  }
}

}  // namespace lockstep::coordinator
