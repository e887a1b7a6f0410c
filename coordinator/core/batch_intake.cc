#include "coordinator/core/batch_intake.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

absl::StatusOr<bool> BatchIntake::Take(RunMember& member, const v1::BatchMessage& message) {
  const bool next = member.batches.Receive(message.number()) == ReceiveWindow::Arrival::kNext;
  if (next) {
    LOCKSTEP_ASSIGN_OR_RETURN(RunResults::Merged merged,
                              results_.Merge(member.name, message.batch()));
    for (Delivered& part : merged.delivered) {  // a script may tag requests as it likes
      if (plan_.has_value() && !plan_->executors.empty() &&
          !plan_->executors.contains(part.scenario)) {
        part.scenario.clear();
      }
    }
    AddDelivered(merged.delivered, member.delivered);
    member.measured_until = std::max(member.measured_until, merged.until);
  }
  // A repetition is acknowledged again, its acknowledgement was lost; after a gap the agent repeats
  // what is missing. While the fleet is held, it is told of what is kept.
  fleet_.AcknowledgeBatches(member.id, run_id_,
                            fleet_.holding() ? member.batches_kept : member.batches.last());
  return next;
}

std::vector<MergedBatches> BatchIntake::Merged() const {
  std::vector<MergedBatches> merged;
  for (const RunMember& member : roster_.members()) {
    merged.push_back({member.id, member.batches.last(), member.delivered, member.measured_until});
  }
  return merged;
}

void BatchIntake::OnKept(const std::vector<MergedBatches>& kept) {
  for (RunMember& member : roster_.members()) {
    const auto of_member =
        std::find_if(kept.begin(), kept.end(),
                     [&](const MergedBatches& batches) { return batches.agent == member.id; });
    if (of_member == kept.end()) {
      continue;
    }
    member.kept_until = of_member->until;
    member.delivered_kept = of_member->delivered;
    // Only with news: who waits for an acknowledgement sends again what is not in it.
    if (std::exchange(member.batches_kept, of_member->last) != of_member->last && !member.lost) {
      fleet_.AcknowledgeBatches(member.id, run_id_, of_member->last);
    }
  }
}

}  // namespace lockstep::coordinator
