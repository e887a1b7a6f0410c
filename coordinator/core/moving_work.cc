#include "coordinator/core/moving_work.h"

#include <utility>

#include "coordinator/core/division.h"

namespace lockstep::coordinator {

MovingWork::MovingWork(const Parts& parts, IterationPools pools, VuLeases vu_leases)
    : lease_(parts.lease),
      leases_(std::move(pools), std::move(vu_leases), parts.phase, parts.roster, parts.sender),
      redivision_({.loop = parts.loop,
                   .run_clock = parts.run_clock,
                   .plan = parts.plan,
                   .fleet = parts.fleet,
                   .roster = parts.roster,
                   .leases = leases_,
                   .sender = parts.sender,
                   .logger = parts.logger,
                   .lease = parts.lease}),
      scaling_({.plan = parts.plan,
                .assignments = parts.assignments,
                .fleet = parts.fleet,
                .roster = parts.roster,
                .redivision = redivision_,
                .sender = parts.sender,
                .logger = parts.logger},
               parts.agents_wanted) {
  parts.plan.whole = parts.plan.share_of ? parts.plan.share_of(SegmentTuple()) : AgentShare();
}

absl::Status MovingWork::OnMessage(const RunMember& member, const v1::AgentMessage& message) {
  if (!message.has_held()) {
    return leases_.OnMessage(member.id, message);
  }
  redivision_.OnHeld(member, message.held());
  return absl::OkStatus();
}

void MovingWork::OnDrained(RunMember& member, const v1::Drained& drained) {
  // What it was counted on for until others took over is the division's word; what it did is its own.
  member.left_undone = !stopped() && member.leaving && member.handed_over &&
                       (drained.gave_up() || FallsShort(member, drained.final_progress()));
  leases_.OnDrained(member.id, drained.final_progress());
}

void MovingWork::HandOver(std::optional<MonoTime> last_heard) {
  if (last_heard.has_value()) {
    redivision_.NotBefore(*last_heard + lease_);
  }
  leases_.Deal();
  scaling_.LetSpareJoin();
  redivision_.Soon();
}

void MovingWork::OnLostWithoutWork(AgentId agent) {
  leases_.Deal();
  redivision_.OnLostWithoutWork(agent);
}

void MovingWork::SaveTo(RunCheckpoint& saved) const {
  leases_.SaveTo(saved);
  redivision_.SaveTo(saved);
  scaling_.SaveTo(saved);
}

void MovingWork::Restore(const RunCheckpoint& saved) {
  redivision_.Restore(saved);
  scaling_.Restore(saved);
}

void MovingWork::GoOn(bool division_due) {
  leases_.Deal();
  if (division_due) {
    redivision_.Soon();
  }
}

}  // namespace lockstep::coordinator
