// A whole fleet in one process on simulated time: the coordinator's core, and agents' conductors
// with real scenario engines and fake VUs, over a network that delays, breaks, loses and repeats.
// Everything follows from one seed.
//
// What must never happen is checked as it happens (see Ledger), what must have happened when the
// run has ended (see SimOutcome).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lockstep/v1/status.pb.h"

#include "common/options/options.h"
#include "coordinator/core/run.h"
#include "tests/sim/sim_network.h"

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
  // What is counted so far, and the way back to it: another coordinator knows no more than was kept.
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

struct SimAgentSetup {
  int64_t weight = 1;
  absl::Duration clock_offset = absl::ZeroDuration();
  absl::Duration join_after = absl::ZeroDuration();
  // Since the simulation's start; nothing gets through from then on, and nobody is told.
  absl::Duration dies_at = absl::InfiniteDuration();
  absl::Duration leaves_at = absl::InfiniteDuration();  // a SIGTERM, since the simulation's start
};

struct SimSetup {
  uint64_t seed = 1;
  std::vector<SimAgentSetup> agents;
  std::vector<ScenarioConfig> scenarios;
  Partition partition = Partition::kStriped;
  NetworkFaults faults;
  double tolerated_loss_percent = 0;
  size_t wanted = 0;          // agents that the run waits for; 0: all
  bool redistribute = false;  // and whoever comes later takes part
  // People's wishes for so many agents, since the start.
  std::vector<std::pair<absl::Duration, int64_t>> scales = {};
  absl::Duration setup_takes = absl::Milliseconds(10);
  absl::Duration interrupt_at = absl::InfiniteDuration();  // a Ctrl+C, since the start
  absl::Duration interrupt_again_at = absl::InfiniteDuration();
  // Called with the run's status in each state that it comes to, and each 100 ms.
  std::function<void(const v1::RunStatus&)> watch = {};
  // People's wishes, since the start.
  absl::Duration pause_at = absl::InfiniteDuration();
  absl::Duration resume_at = absl::InfiniteDuration();
  absl::Duration kill_after_t0 = absl::InfiniteDuration();   // of agent `victim`
  absl::Duration leave_after_t0 = absl::InfiniteDuration();  // a SIGTERM to agent `victim`
  size_t victim = 0;
  // Since the start: the coordinator is gone, and at once there is another one with the same test, to
  // which the same agents come. The outcome is the latter's.
  absl::Duration coordinator_dies_at = absl::InfiniteDuration();
  // The coordinator keeps a journal, and is killed so long after the start. After `down` there is
  // another one, which goes on with it; if the run had not started yet, it begins anew, and the outcome
  // is that of the new one.
  struct Restart {
    absl::Duration at;
    absl::Duration down;
  };
  std::vector<Restart> restarts = {};
};

struct SimMember {
  size_t agent = 0;
  bool lost = false;
  bool died = false;  // in truth; a dead agent that nobody missed is not lost
  coordinator::AgentShare share;
  v1::Progress progress;         // the coordinator's latest
  std::vector<int64_t> dropped;  // by scenario; what the agent itself counted
  bool settled = false;          // it had done all of its part, and told it
};

// The VUs at work of all agents that are alive, by scenario.
struct SimSample {
  absl::Duration after_t0;
  std::vector<int64_t> vus;
};

struct SimOutcome {
  bool ended = false;
  int exit_code = -1;
  // As agents get them: whoever names one by its index means this order.
  std::vector<ScenarioConfig> scenarios;
  Ledger ledger;
  std::vector<SimMember> members;
  std::vector<std::string> log;  // the coordinator's
  int setups = 0, teardowns = 0, summaries = 0;
  bool started = false;     // T0 was announced
  int went_on = 0;          // coordinators that went on with a journal
  uint64_t kept = 0;        // iterations in what the last one has measured; with a journal
  absl::Duration worst_t0;  // of a living agent's T0 from the first one's
  // At each judgement of the thresholds: until when all is measured, and how many iterations the
  // batches had counted.
  std::vector<std::pair<absl::Duration, size_t>> judged;
  std::vector<SimSample> samples;  // each tenth of a second since T0, while it ran
};

// Plays one run to its end, or for an hour of simulated time.
SimOutcome PlayRun(const SimSetup& setup);

}  // namespace lockstep::testing
