// One run's engine room on this agent: what its VUs share, the VUs, the workers that they are on,
// and what they measure. The inspection of a script has a small one of its own.
#pragma once

#include <memory>
#include <utility>

#include "agent/vu/run_samples.h"
#include "agent/vu/run_shared.h"
#include "agent/vu/run_vus.h"
#include "agent/vu/run_workers.h"

namespace lockstep::agent {

struct ScriptRun {
  ScriptRun(const ScriptEngine& engine, const RunHost& host, std::unique_ptr<Network> network,
            const Accumulator::Config& samples_config)
      : shared(host),
        vus(shared, workers),
        workers(engine, std::move(network), shared, samples_config),
        samples(shared, workers, samples_config) {}

  // Each is used by those that follow, which therefore go first: the threads before the VUs.
  RunShared shared;
  RunVus vus;
  RunWorkers workers;
  RunSamples samples;
};

}  // namespace lockstep::agent
