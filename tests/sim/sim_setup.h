// What a simulated run is made of, and what happens to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/status.pb.h"

#include "common/options/options.h"
#include "common/segment/execution_segment.h"
#include "tests/sim/sim_network.h"

namespace lockstep::testing {

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
  int64_t rows = 0;  // of a queue that the fleet shares: each iteration takes one; 0: there is none
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
  // It counts from when the run comes to this state, and not from T0.
  v1::RunStatus::State leave_since = v1::RunStatus::RUNNING;
  size_t victim = 0;
  // An agent whose connection stands still for a while from then on, and does not break.
  struct Silence {
    size_t agent;
    absl::Duration after_t0;
    absl::Duration span;
  };
  std::vector<Silence> silences = {};
  // Since the start: the coordinator is gone, and at once there is another one with the same test,
  // to which the same agents come. The outcome is the latter's.
  absl::Duration coordinator_dies_at = absl::InfiniteDuration();
  // The coordinator keeps a journal, and is killed so long after the start. After `down` there is
  // another one, which goes on with it; if the run had not started yet, it begins anew, and the
  // outcome is that of the new one.
  struct Restart {
    absl::Duration at;
    absl::Duration down;
  };
  std::vector<Restart> restarts = {};
  // Since the start: the journal's disk takes nothing, and what is to be written waits.
  absl::Duration disk_stalls_from = absl::InfiniteDuration();
  absl::Duration disk_stalls_until = absl::InfiniteDuration();
  // Since the start: nothing can be written to the journal.
  absl::Duration disk_full_from = absl::InfiniteDuration();
  absl::Duration disk_full_until = absl::InfiniteDuration();
};

}  // namespace lockstep::testing
