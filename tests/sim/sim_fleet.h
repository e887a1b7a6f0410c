// A whole fleet in one process on simulated time: the coordinator's core, and agents' conductors
// with real scenario engines and fake VUs, over a network that delays, breaks, loses and repeats.
// Everything follows from one seed.
//
// What must never happen is checked as it happens (see Ledger), what must have happened when the
// run has ended (see SimOutcome). sim_setup.h says what may happen.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lockstep/v1/control.pb.h"

#include "common/health/judge.h"
#include "common/options/options.h"
#include "coordinator/core/run.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_setup.h"

namespace lockstep::testing {

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
  std::multiset<int64_t> rows;   // that were taken
  int64_t without_row = 0;       // iterations that heard that there are no more
  std::vector<std::string> log;  // the coordinator's
  Judgement judgement;
  int setups = 0, teardowns = 0, summaries = 0;
  bool started = false;     // T0 was announced
  int went_on = 0;          // coordinators that went on with a journal
  std::string broken_off;   // why the last one could not
  uint64_t kept = 0;        // iterations in what the last one has measured; with a journal
  absl::Duration worst_t0;  // of a living agent's T0 from the first one's
  // At each judgement of the thresholds: until when all is measured, and how many iterations the
  // batches had counted.
  std::vector<std::pair<absl::Duration, size_t>> judged;
  std::vector<SimSample> samples;  // each tenth of a second since T0, while it ran
};

// Plays one run to its end, or for an hour of simulated time.
SimOutcome PlayRun(const SimSetup& setup);

// What came of a run. If the test has failed at the end, tells how to play it again, and what the
// coordinators said.
class PlayedRun : public SimOutcome {
 public:
  explicit PlayedRun(const SimSetup& setup) : SimOutcome(PlayRun(setup)), seed_(setup.seed) {}
  ~PlayedRun();
  PlayedRun(const PlayedRun&) = delete;
  PlayedRun& operator=(const PlayedRun&) = delete;

 private:
  const uint64_t seed_;
};

}  // namespace lockstep::testing
