// What the conductor asks for an agent's own health: figures of one run at a time, from T0 on.
// Implemented by HealthMonitor; the simulation has none. Conductor's loop only.
#pragma once

#include "lockstep/v1/health.pb.h"

namespace lockstep::agent {

class HealthSource {
 public:
  virtual ~HealthSource() = default;
  // T0 has come; what was measured before is forgotten.
  virtual void Begin() = 0;
  // The executors have ended: the figures stay as they are.
  virtual void End() = 0;
  // Everything but what the executors know: `lateness` and the starts. Empty before Begin.
  virtual v1::Health Read() = 0;
};

}  // namespace lockstep::agent
