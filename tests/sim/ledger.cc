#include "tests/sim/ledger.h"

#include <gtest/gtest.h>

namespace lockstep::testing {

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

}  // namespace lockstep::testing
