// Which of its cases a random or simulated test plays.
#pragma once

#include <cstdint>

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"

#include "tests/support/environment.h"

namespace lockstep::testing {

inline uint64_t NumberFromEnvironment(const char* name, uint64_t fallback) {
  uint64_t value = 0;
  return absl::SimpleAtoi(FromEnvironment(name).value_or(""), &value) ? value : fallback;
}

// 1 to `count`, or the one that is to be replayed (LOCKSTEP_SIM_SEED), to iterate over; the first
// that fails the test is the last one.
class Seeds {
 public:
  explicit Seeds(uint64_t count)
      : first_(NumberFromEnvironment("LOCKSTEP_SIM_SEED", 1)),
        end_(FromEnvironment("LOCKSTEP_SIM_SEED") ? first_ + 1 : count + 1) {}

  struct Iterator {
    uint64_t seed;
    uint64_t operator*() const { return seed; }
    void operator++() { ++seed; }
    bool operator!=(const Iterator& end) const {
      return seed != end.seed && !::testing::Test::HasFailure();
    }
  };
  Iterator begin() const { return {first_}; }
  Iterator end() const { return {end_}; }
  uint64_t size() const { return end_ - first_; }

 private:
  const uint64_t first_;
  const uint64_t end_;
};

}  // namespace lockstep::testing
