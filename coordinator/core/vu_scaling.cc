#include "coordinator/core/vu_scaling.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/messages/words.h"
#include "common/options/options.h"
#include "coordinator/core/division.h"

namespace lockstep::coordinator {

absl::StatusOr<VuScaling::Totals> VuScaling::WantedTotals(const TestPlan& plan, int64_t vus,
                                                          int64_t max_vus) const {
  if (plan.controlled.empty()) {
    return absl::FailedPreconditionError(
        "only externally-controlled scenarios can be scaled, and this test has none");
  }
  Totals wanted;
  for (const auto& [scenario, now] : plan.controlled) {
    if (roster_.HasEnded(scenario)) {
      continue;
    }
    ControlledVus& totals = wanted[scenario];
    totals = {vus < 0 ? now.vus : vus, max_vus < 0 ? now.max_vus : max_vus};
    if (totals.vus > totals.max_vus) {
      return absl::InvalidArgumentError(absl::StrCat("scenarios.", scenario,
                                                     ": vus must be <= maxVUs, got ", totals.vus,
                                                     " > ", totals.max_vus));
    }
  }
  if (wanted.empty()) {
    return absl::FailedPreconditionError("all externally-controlled scenarios have ended");
  }
  return wanted;
}

absl::Status VuScaling::Scale(std::optional<TestPlan>& plan, int64_t vus, int64_t max_vus) {
  if (vus < -1 || max_vus < -1 || (vus == -1 && max_vus == -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: one must be >= 0, the other >= 0 or -1 for unchanged; got ", vus,
                     " and ", max_vus));
  }
  if (std::max(vus, max_vus) > kMostVus) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: must be at most ", kMostVus, ", got ", vus, " and ", max_vus));
  }
  const RunState state = phase_.state();
  if (state != v1::RunStatus::READY_BARRIER && state != v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError(absl::StrCat("the run is in state ", WordOf(state),
                                                      "; it can be scaled while it is Running"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const Totals wanted, WantedTotals(*plan, vus, max_vus));
  const std::vector<const RunMember*> staying = roster_.Staying();
  absl::StatusOr<SegmentSequence> cut = absl::NotFoundError("everybody is there");
  if (staying.size() <
      roster_.members().size()) {  // the part of those who are gone goes to the others
    cut = CutAmong(staying, plan->partition);
    if (!cut.ok()) {
      return cut.status();
    }
  }
  for (const auto& [scenario, totals] : wanted) {
    plan->controlled[scenario] = totals;
  }
  if (state == v1::RunStatus::READY_BARRIER) {
    return absl::OkStatus();
  }
  v1::CoordinatorMessage message;
  v1::Scale& scale = *message.mutable_scale();
  scale.set_vus(vus);
  scale.set_max_vus(max_vus);
  std::vector<AgentId> receivers;
  for (const RunMember* member : staying) {
    receivers.push_back(member->id);
  }
  for (size_t i = 0; i < receivers.size(); ++i) {
    if (cut.ok()) {
      scale.set_segment_sequence(cut->ToString());
      scale.set_segment_index(static_cast<int32_t>(i));
    }
    sender_.Send(receivers[i], message);
  }
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
