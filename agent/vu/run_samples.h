// What one run measures: its workers' accumulators and one of the conductor's own, for what happens
// to no VU, sealed into one batch. Conductor's loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/report/accumulator.h"
#include "agent/vu/run_workers.h"

namespace lockstep::agent {

class RunSamples {
 public:
  // Both outlive the samples, which are kept as `config` says.
  RunSamples(RunShared& shared, RunWorkers& workers, Accumulator::Config config);
  RunSamples(const RunSamples&) = delete;
  RunSamples& operator=(const RunSamples&) = delete;

  // See ScriptHost.
  void AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_test);
  void Seal(uint64_t number, ScriptHost::Adjust adjust, ScriptHost::Sealed done);
  // The run is over: answers a Seal that still waits with nothing. No more of them then.
  void Close();

 private:
  struct Sealing {
    uint64_t number = 0;
    size_t waiting = 0;  // workers
    BatchBuilder batch;
    ScriptHost::Adjust adjust;
    ScriptHost::Sealed done;
  };
  void Add(Batch batch);

  RunShared& shared_;
  RunWorkers& workers_;
  Accumulator own_;
  absl::Time sealed_until_;
  std::optional<Sealing> sealing_;
};

}  // namespace lockstep::agent
