// Whether the generator was a steady ruler. Pure: figures in, the validity and its reasons out.
//
// | figure                                  | SUSPECT from            | INVALID from            |
// |-----------------------------------------|-------------------------|-------------------------|
// | starts later than 20 ms (500 ms)        | 1% of them, and 5       | 1% of them, and 5       |
// | loop probes later than 20 ms (500 ms)   | 1% of them, and 5       | 1% of them, and 5       |
// | starts dropped for want of a free VU    | 1                       | 20% of the planned ones |
// | connections refused by this machine     | 1                       | 100                     |
// | CPU used, of what the agent may use     | 90% over at least 2 s   |                         |
// | held back by its cgroup's limit         | 5% of the time          |                         |
// | in garbage collections, per worker      | 5% of the time          |                         |
// | longest time in which nothing ran       | 1 s                     |                         |
// | agents lost                             | 1                       | all                     |
// | iterations that blocked their worker    | 1                       |                         |
//
// Why these. 20 ms is several of the scheduler's slices on a machine that is busy but not
// overloaded: a neighbour's turn must not spoil a run, a processor that is missing must. Smaller
// delays show in the figures anyway, as iteration_lateness. The share of 1% is what moves a p(99),
// the finest percentile that people commonly judge by, and 5 keeps a single hiccup of a short run
// from counting. Half a second is longer than most responses that are measured. At 90% of its
// processors an agent's work queues up before it gets its turn. Symptoms (late starts, a slow loop)
// name what was found along with them as their likely cause: scripts that compute, the processor's
// sharing, a limit, collections. A second in which nothing ran, on an agent or on the coordinator,
// is not a hiccup: the process was stopped, or something held it up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/health.pb.h"

namespace lockstep {

// An agent whose work was not done to its end.
struct LostAgent {
  std::string name;
  absl::Time when;
  std::optional<absl::Duration> after;  // when, since T0; unset: T0 had not come
  std::string reason;
  std::string missing;  // of its work, for people; empty: it had none yet
};

struct Judgement {
  v1::Health::Validity validity = v1::Health::VALID;
  // One line each, the gravest first; empty if valid. Lost agents have lines here, too.
  std::vector<std::string> reasons;
  std::vector<LostAgent> lost;            // in the order of their loss
  std::vector<std::string> remarks = {};  // what else is to be said, whatever the validity
};

// Whether nothing speaks against the generator; of a load that did not run, nothing does.
inline bool IsSteady(v1::Health::Validity validity) {
  return validity <= v1::Health::VALID;
}
// What people are told of it: "steady", "SUSPECT".
std::string GeneratorText(v1::Health::Validity validity);

Judgement JudgeHealth(const v1::Health& health);

struct AgentHealth {
  std::string agent;
  v1::Health health;
};
// A time in which the coordinator did not run. From a second on it is worth mention.
struct Standstill {
  absl::Duration after;  // when it ended, since T0
  absl::Duration length;
  bool restart = false;  // there was none: another process has gone on with the run
};
inline constexpr absl::Duration kStandstill = absl::Seconds(1);

// The fleet is as steady as its least steady agent. With several agents, reasons begin with the
// agent's name. `lost` are among the agents.
Judgement JudgeFleet(const std::vector<AgentHealth>& agents, std::vector<LostAgent> lost = {},
                     const std::vector<Standstill>& standstills = {});

}  // namespace lockstep
