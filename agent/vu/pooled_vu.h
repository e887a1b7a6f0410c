// A VU as the executors hold it: the conductor's end of a ScriptVu that lives on a worker.
// Conductor's loop only.
#pragma once

#include <cstdint>

#include "agent/exec/vu.h"
#include "agent/vu/script_vu.h"
#include "agent/vu/worker.h"

namespace lockstep::agent {

class PooledVu final : public Vu {
 public:
  // `worker` outlives this VU, or Detach is called before it goes.
  PooledVu(Worker& worker, VuKey key, ScriptVu::Ids ids) : worker_(&worker), key_(key), ids_(ids) {}

  int64_t id_in_instance() const override { return ids_.in_instance; }
  int64_t id_in_test() const override { return ids_.in_test; }
  bool prompt() const override { return worker_ == nullptr || worker_->initialising() == 0; }
  void Activate(Activation activation) override;
  void Interrupt() override;

  // Lets go of the worker: from now on, both of the above do nothing.
  void Detach() { worker_ = nullptr; }

 private:
  Worker* worker_;
  const VuKey key_;
  const ScriptVu::Ids ids_;
  uint64_t epoch_ = ScriptVu::kInitEpoch;
};

}  // namespace lockstep::agent
