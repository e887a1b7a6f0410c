// One run's engine room on this agent: what its VUs share, its network and its workers. The
// inspection of a script has a small one of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "agent/net/network.h"
#include "agent/vu/run_shared.h"
#include "agent/vu/worker.h"

namespace lockstep::agent {

struct ScriptRun {
  ScriptRun(EventLoop& conductor, Logger& logger, RunHealth& health)
      : shared(conductor, logger, health) {}
  // Interrupts what still runs and waits for the workers' ends. Not on a worker's thread.
  ~ScriptRun() { EndWorkers(); }

  void EndWorkers() {
    for (const std::unique_ptr<Worker>& worker : workers) {
      worker->BeginStop();
    }
    workers.clear();
  }

  RunShared shared;
  std::unique_ptr<Network> network;
  std::vector<std::unique_ptr<Worker>> workers;
};

}  // namespace lockstep::agent
