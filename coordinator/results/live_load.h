// How fast agents and scenarios are while a run goes on, from the batches as they are merged. What
// they come to in all is the run's to know (core/delivered.h). Loop-bound; a value without clock or
// thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lockstep/v1/status.pb.h"

#include "common/metrics/batch.h"
#include "coordinator/core/delivered.h"

namespace lockstep::coordinator {

// What a batch tells.
std::vector<Delivered> DeliveredBy(const Batch& batch);

class LiveLoad {
 public:
  // The next batch of `agent`, already merged, and what it tells.
  void Add(const std::string& agent, const Batch& batch, const std::vector<Delivered>& delivered);
  // A second has passed.
  void Tick();
  // Fills in the speeds of `status`, its agents and its scenarios: only while it is Running and not
  // paused, and without agents that are lost, have left or have had nothing to tell for two
  // seconds.
  void Describe(v1::RunStatus* status) const;

 private:
  struct PerSecond {
    double requests = 0;
    double failed = 0;
    double iterations = 0;
  };
  static void AddTo(v1::Load* load, const PerSecond& speed);

  struct PerAgent {  // in its last batch
    PerSecond all;
    std::map<std::string, PerSecond> scenarios;
    int ticks = 0;  // since then
  };
  std::map<std::string, PerAgent> agents_;
};

}  // namespace lockstep::coordinator
