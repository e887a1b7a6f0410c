// Changes how many VUs the externally controlled scenarios of a run have, over the whole fleet.
// Loop-bound.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/roster.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class VuScaling {
 public:
  // All are borrowed and outlive this.
  VuScaling(const RunPhase& phase, const Roster& roster, RunSender& sender)
      : phase_(phase), roster_(roster), sender_(sender) {}

  // Sets the plan's totals, and tells the agents that have started; others hear of them as they do.
  // `plan`: set once the run is at the ReadyBarrier. Errors are those of Run::Scale.
  absl::Status Scale(std::optional<TestPlan>& plan, int64_t vus, int64_t max_vus);

 private:
  using Totals = std::map<std::string, ControlledVus>;  // by scenario

  // What the scenarios that have not ended are to have.
  absl::StatusOr<Totals> WantedTotals(const TestPlan& plan, int64_t vus, int64_t max_vus) const;

  const RunPhase& phase_;
  const Roster& roster_;
  RunSender& sender_;
};

}  // namespace lockstep::coordinator
