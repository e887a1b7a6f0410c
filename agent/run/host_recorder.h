// The Recorder of a real agent: the workers' accumulators and one of the conductor's own, sealed
// into one batch. Loop-bound. Templated on nothing and tied to no engine: the workers are reached
// through one function.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/report/accumulator.h"
#include "agent/run/conductor.h"
#include "common/base/clock.h"
#include "common/metrics/batch.h"

namespace lockstep::agent {

class HostRecorder final : public Recorder {
 public:
  struct Workers {
    absl::AnyInvocable<void(Accumulator::Config)> configure;  // of the next run
    absl::AnyInvocable<void(absl::AnyInvocable<void(std::vector<Batch>)>)>
        seal;  // what they have measured since
  };
  // `clock` is borrowed.
  HostRecorder(const Clock& clock, Workers workers) : clock_(clock), workers_(std::move(workers)) {}

  void BeginRun(const v1::Assign& assign, const Options& options) override;
  void AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_instance) override;
  void Seal(uint64_t number, absl::AnyInvocable<void(std::string batch)> done) override;

 private:
  const Clock& clock_;
  Workers workers_;
  std::unique_ptr<Accumulator> own_ = std::make_unique<Accumulator>();
  std::vector<TagSetId> scenario_tags_;
  bool tag_vus_ = false;
  absl::Time sealed_until_;
};

}  // namespace lockstep::agent
