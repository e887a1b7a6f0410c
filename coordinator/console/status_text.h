// What `lockstep status` shows: a status as lines. Pure.
#pragma once

#include <string>
#include <vector>

#include "lockstep/v1/status.pb.h"

namespace lockstep::coordinator {

struct StatusLook {
  int columns = 120;
  bool color = false;
};
// The run's state, agents in the order of their names, scenarios, thresholds so far, errors by
// cause, durations; each under a title, and only what there is.
std::vector<std::string> RenderStatus(const v1::RunStatus& status, const StatusLook& look);

}  // namespace lockstep::coordinator
