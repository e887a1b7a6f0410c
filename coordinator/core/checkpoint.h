// What a coordinator must remember of its run, so that another process can go on with it: values,
// as they are between two events of the loop. coordinator/journal keeps them on disk. Instants are
// those of the machine's monotonic clock, which outlives the process but not the machine's start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"
#include "lockstep/v1/status.pb.h"

#include "common/base/clock.h"
#include "coordinator/core/fleet_checkpoint.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/moving_work.h"
#include "coordinator/core/pausing.h"
#include "coordinator/core/row_queues.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_member.h"
#include "coordinator/core/run_outcome.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/script_life.h"
#include "coordinator/core/standstill_watch.h"
#include "coordinator/core/stopping.h"

namespace lockstep::coordinator {

struct RunCheckpoint {
  v1::RunStatus::State state = v1::RunStatus::WAITING_FOR_AGENTS;
  MonoTime state_since;
  MonoTime limit_at = MonoTime::Infinite();  // of the state
  std::vector<RunMember> members;            // but for `tuple`, which follows from `sequence`
  AgentId elected{};
  std::string sequence;                             // of the plan
  std::map<std::string, ControlledVus> controlled;  // of the plan
  Stopping stopping = Stopping::kNo;
  int interrupts = 0;
  uint32_t deal = 0;
  RunFaults::State faults;
  ScriptLife::State script;
  RunClock::State clock;
  Pausing::State pausing;
  StandstillWatch::State standstills;
  std::map<std::string, RowQueues::Queue> row_queues;
  std::optional<MovingWork::State> moving;  // where work moves
};

// How long after T0 that ends which has been measured of a run that was saved at `kept`: with the
// last second that all of its agents have handed over, or as they had all drained.
absl::Duration MeasuredOf(const RunCheckpoint& saved, MonoTime kept);

}  // namespace lockstep::coordinator
