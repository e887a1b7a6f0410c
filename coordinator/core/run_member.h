// An agent's part in a run.
#pragma once

#include <map>
#include <string>

#include "lockstep/v1/control.pb.h"

#include "common/base/replay.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

struct RunMember {
  AgentId id{};
  std::string name;
  int64_t weight = 1;
  std::map<std::string, std::string> labels;
  size_t segment_index = 0;  // in the plan's sequence, once assigned
  std::string segment;       // "1/3:2/3"; empty before
  AgentShare share;          // of the plan's work
  double rps_share = 0;      // of the plan's rps, by VUs; 0: no limit

  bool lost = false;
  std::string loss;  // why

  bool assigned = false;
  bool asked_to_prepare = false;
  bool prepared = false;
  bool ready = false;
  bool drained = false;

  ReceiveWindow batches;     // merged so far
  uint64_t last_batch = 0;   // that the agent has announced
  v1::Progress progress;     // the latest
  double round_trip_ms = 0;  // of the best clock probe
  double clock_offset_ms = 0;

  bool flushed() const { return batches.last() >= last_batch; }
};

}  // namespace lockstep::coordinator
