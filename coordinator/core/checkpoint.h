// What a coordinator must remember, so that another process can go on with its run: values, as they
// are between two events of the loop. coordinator/journal keeps them on disk. Instants are those of
// the machine's monotonic clock, which outlives the process but not the machine's start.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"
#include "lockstep/v1/status.pb.h"

#include "common/base/clock.h"
#include "common/health/judge.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/iteration_pools.h"
#include "coordinator/core/row_queues.h"
#include "coordinator/core/run_member.h"
#include "coordinator/core/run_outcome.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/script_life.h"
#include "coordinator/core/stopping.h"
#include "coordinator/core/vu_leases.h"

namespace lockstep::coordinator {

// A member's session.
struct SessionCheckpoint {
  AgentId agent{};
  std::string name = {};
  int64_t weight = 1;
  std::map<std::string, std::string> labels = {};
  int64_t process_id = 0;
  std::string session_id = {};
  std::string fingerprint = {};
  uint64_t sent = 0;                                       // messages to it so far
  uint64_t received = 0;                                   // messages of it so far
  std::deque<v1::CoordinatorMessage> unacknowledged = {};  // of those sent
};

// Of these messages of a session it is known that they are on disk: numbers.
struct SessionMark {
  AgentId agent{};
  uint64_t sent = 0;
  uint64_t received = 0;
};

// Of an agent: what has been merged into the results.
struct MergedBatches {
  AgentId agent{};
  uint64_t last = 0;
  std::vector<Delivered> delivered = {};  // by them
  absl::Time until = {};                  // the end of the last one
};

struct FleetCheckpoint {
  uint32_t last_id = 0;  // of the agents so far
  std::vector<SessionCheckpoint> sessions = {};
};

struct RunCheckpoint {
  v1::RunStatus::State state = v1::RunStatus::WAITING_FOR_AGENTS;
  MonoTime state_since;
  MonoTime limit_at = MonoTime::Infinite();  // of the state
  v1::Inspected inspected;                   // from which the plan is made
  std::vector<RunMember> members;            // but for `tuple`, which follows from `sequence`
  AgentId elected{};
  std::string sequence;                             // of the plan
  std::map<std::string, ControlledVus> controlled;  // of the plan
  RunFaults faults;
  RowQueues row_queues;
  std::optional<IterationPools> pools;
  std::optional<VuLeases> vu_leases;
  Stopping stopping = Stopping::kNo;
  ScriptLife::Setup setup = ScriptLife::Setup::kPending;
  v1::SetupValue setup_data;
  bool script_usable = true;
  uint32_t deal = 0;
  bool paused = false;
  bool paused_to_suspend = false;
  bool skew_reported = false;
  int interrupts = 0;
  MonoTime t0 = MonoTime::Infinite();
  int64_t t0_wall_ns = 0;
  MonoTime switch_at;
  MonoTime drained_at = MonoTime::Infinite();
  MonoTime setup_began = MonoTime::Infinite();
  MonoTime last_beat;
  std::vector<Standstill> standstills;
  uint32_t redivisions = 0;
  bool division_due = false;  // one is proposed, or about to be
  absl::Duration last_division;
  MonoTime all_quiet;
  size_t agents_target = 0;
  uint32_t joined_late = 0;
  std::set<std::string> unfit;
};

}  // namespace lockstep::coordinator
