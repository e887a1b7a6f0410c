// What has become of each iteration of a simulated run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "common/base/clock.h"

namespace lockstep::testing {

using SimIteration = std::pair<size_t, int64_t>;  // scenario, iterationInTest

// Every iteration of a run, from its beginning on an agent to the batch that counts it. Fails the
// test as soon as one begins twice, is counted twice or is counted without having begun, or a batch
// comes twice or out of turn.
class Ledger {
 public:
  // `at`: by the coordinator's clock. `intended`: by the schedule, since T0; nothing without one.
  void Begin(size_t agent, SimIteration iteration, MonoTime at,
             std::optional<absl::Duration> intended);
  void MergeBatch(const std::string& agent, int64_t number, const std::vector<SimIteration>& full);
  // Holds after each event.
  bool Consistent() const { return counted_.size() <= begun_.size(); }

  const std::set<SimIteration>& begun() const { return begun_; }
  const std::set<SimIteration>& counted() const { return counted_; }
  // Agent and time of each beginning, in the order of time.
  const std::vector<std::pair<size_t, MonoTime>>& begins() const { return begins_; }
  // When the schedule wanted each iteration that it did want at a certain time, since T0.
  const std::map<SimIteration, absl::Duration>& intended() const { return intended_; }
  // What is counted so far, and the way back to it: another coordinator knows no more than was
  // kept.
  struct Counts {
    std::set<SimIteration> counted;
    std::map<std::string, int64_t> counted_of;
    std::map<std::string, int64_t> last_batch;
  };
  Counts counts() const { return {counted_, counted_of_, last_batch_}; }
  void TakeBack(Counts counts);
  // By agent and scenario.
  int64_t begun_by(size_t agent, size_t scenario) const;
  int64_t counted_of(const std::string& agent) const;

 private:
  std::vector<std::pair<size_t, MonoTime>> begins_;
  std::set<SimIteration> begun_;
  std::map<SimIteration, absl::Duration> intended_;
  std::set<SimIteration> counted_;
  std::map<std::pair<size_t, size_t>, int64_t> begun_by_;
  std::map<std::string, int64_t> counted_of_;
  std::map<std::string, int64_t> last_batch_;
};

}  // namespace lockstep::testing
