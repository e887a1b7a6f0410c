// Requests, failures and iterations by agent and by scenario while a run goes on, from the batches
// as they are merged: what the merged store does not keep apart. Loop-bound; a value without clock
// or thread.
#pragma once

#include <map>
#include <string>

#include "lockstep/v1/status.pb.h"

#include "common/metrics/batch.h"

namespace lockstep::coordinator {

class LiveLoad {
 public:
  // The next batch of `agent`, already merged.
  void Add(const std::string& agent, const Batch& batch);
  // A second has passed.
  void Tick();
  // Fills in the loads of `status`, its agents and its scenarios. Speeds only while it is Running,
  // and without agents that are lost or have had nothing to tell for two seconds.
  void Describe(v1::RunStatus* status) const;

 private:
  struct Counts {
    double requests = 0;
    double failed = 0;
    double iterations = 0;
  };
  struct Part {
    Counts total;
    Counts last;  // of the last batch, per second
  };
  static void AddTo(v1::Load* load, const Part& part, bool speeds);

  struct PerAgent {
    Part all;
    std::map<std::string, Part> scenarios;
    int ticks = 0;  // since the last batch
  };
  std::map<std::string, PerAgent> agents_;
};

}  // namespace lockstep::coordinator
