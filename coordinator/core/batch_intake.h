// What agents have measured, as it comes in: each member's batches are merged into the results once
// and in their order, and acknowledged. Loop-bound.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/delivered.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

// Of an agent: what has been merged into the results.
struct MergedBatches {
  AgentId agent{};
  uint64_t last = 0;
  std::vector<Delivered> delivered = {};  // by them
  absl::Time until = {};                  // the end of the last one
};

class BatchIntake {
 public:
  // All are borrowed and outlive this.
  BatchIntake(const std::optional<TestPlan>& plan, RunResults& results, Fleet& fleet,
              Roster& roster, uint64_t run_id)
      : plan_(plan), results_(results), fleet_(fleet), roster_(roster), run_id_(run_id) {}

  // Whether it is the member's next one, and has been merged. InvalidArgument: it cannot be
  // decoded.
  absl::StatusOr<bool> Take(RunMember& member, const v1::BatchMessage& message);
  // See Run.
  std::vector<MergedBatches> Merged() const;
  void OnKept(const std::vector<MergedBatches>& kept);

 private:
  const std::optional<TestPlan>& plan_;
  RunResults& results_;
  Fleet& fleet_;
  Roster& roster_;
  const uint64_t run_id_;
};

}  // namespace lockstep::coordinator
