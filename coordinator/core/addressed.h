// A message of the coordinator, and which agent it is for.
#pragma once

#include "lockstep/v1/control.pb.h"

#include "coordinator/core/ids.h"

namespace lockstep::coordinator {

struct Addressed {
  AgentId to{};
  v1::CoordinatorMessage message;
};

}  // namespace lockstep::coordinator
