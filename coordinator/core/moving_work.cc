#include "coordinator/core/moving_work.h"

#include "coordinator/core/division.h"

namespace lockstep::coordinator {

MovingWork::MovingWork(const Parts& parts, State state)
    : lease_(parts.lease),
      leases_(IterationPools(std::move(state.pools)), VuLeases(std::move(state.vu_leases)),
              parts.phase, parts.roster, parts.sender),
      redivision_({.loop = parts.loop,
                   .run_clock = parts.run_clock,
                   .plan = parts.plan,
                   .fleet = parts.fleet,
                   .roster = parts.roster,
                   .leases = leases_,
                   .sender = parts.sender,
                   .logger = parts.logger,
                   .lease = parts.lease},
                  state.division),
      scaling_({.plan = parts.plan,
                .assignments = parts.assignments,
                .fleet = parts.fleet,
                .roster = parts.roster,
                .redivision = redivision_,
                .sender = parts.sender,
                .logger = parts.logger},
               std::move(state.scaling)) {
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
  // What it was counted on for until others took over is the division's word; what it did is its
  // own.
  member.left_undone = !stopped() && member.leaving && member.handed_over &&
                       (drained.gave_up() || FallsShort(member, drained.final_progress()));
  leases_.OnDrained(member.id, drained.final_progress());
}

void MovingWork::OnLeaving() {
  scaling_.Refill();
  redivision_.Soon();
}

void MovingWork::HandOver(std::optional<MonoTime> last_heard) {
  if (last_heard.has_value()) {
    redivision_.NotBefore(*last_heard + lease_);
  }
  leases_.Deal();
  scaling_.Refill();
  redivision_.Soon();
}

void MovingWork::OnLostWithoutWork(AgentId agent) {
  leases_.Deal();
  redivision_.OnLostWithoutWork(agent);
}

MovingWork::State MovingWork::state() const {
  return {.pools = leases_.pools().state(),
          .vu_leases = leases_.vus().scenarios(),
          .division = redivision_.state(),
          .scaling = scaling_.state()};
}

void MovingWork::GoOn(bool division_due) {
  leases_.Deal();
  if (division_due) {
    redivision_.Soon();
  }
}

}  // namespace lockstep::coordinator
