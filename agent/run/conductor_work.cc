// What a Conductor does where work moves between agents: see Redivide in control.proto.
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/run/conductor.h"
#include "common/plan/plan.h"

namespace lockstep::agent {

void Conductor::MoveFence() {
  if (attempt_.loaded() && assignment_.assign().work_moves()) {
    attempt_.engine->SetFence(session_.safe_until());
  }
}

void Conductor::OnRedivide(const v1::Redivide& redivide) {
  v1::AgentMessage message;
  message.mutable_held()->set_number(redivide.number());
  attempt_.division.reset();
  if (!attempt_.loaded() || attempt_.stage >= Stage::kStopping) {
    sender_.Send(std::move(message));  // nothing begins here any more
    return;
  }
  Division division{.number = redivide.number(),
                    .plan = std::nullopt,
                    .segment = SegmentTuple::None(),
                    .rps_share = redivide.rps_share()};
  if (redivide.segment_index() >= 0) {
    absl::StatusOr<SegmentTuple> segment =
        assignment_.ReadSegment(redivide.segment_sequence(), redivide.segment_index());
    absl::StatusOr<InstancePlan> plan =
        segment.ok() ? PlanInstance(attempt_.scenarios, *segment) : segment.status();
    if (!plan.ok()) {
      sender_.Fail(absl::StrCat("redivide: ", plan.status().message()));
      return;
    }
    division.segment = *std::move(segment);
    division.plan = *std::move(plan);
  }
  if (!attempt_.engine->Hold(absl::Nanoseconds(redivide.after_t0_ns()))) {
    message.mutable_held()->set_too_late(true);
    sender_.Send(std::move(message));
    return;
  }
  if (division.plan.has_value()) {
    attempt_.engine->Expect(*division.plan);
  }
  attempt_.division = std::move(division);
  sender_.Send(std::move(message));
}

void Conductor::OnDivided(const v1::Divided& divided) {
  if (!attempt_.division.has_value() || attempt_.division->number != divided.number()) {
    return;  // nothing begins here any more
  }
  Division division = *std::exchange(attempt_.division, std::nullopt);
  if (!division.plan.has_value()) {
    hand_over_timer_.Cancel();  // it is agreed when others take over
    attempt_.handed_over = true;
    attempt_.engine->EndAtHold();
    return;
  }
  host_.SetRpsShare(division.rps_share);
  attempt_.engine->Divide(*std::move(division.plan), std::move(division.segment));
}

void Conductor::OnIterationsWanted(const IterationsWanted& wanted) {
  v1::AgentMessage message;
  v1::IterationLease& lease = *message.mutable_iteration_lease();
  lease.set_scenario(attempt_.scenarios[wanted.scenario].name);
  lease.set_begun(wanted.begun);
  lease.set_wanted(wanted.wanted);
  lease.set_over(wanted.over);
  sender_.Send(std::move(message));
}

void Conductor::OnIterationsReturned(size_t scenario, int64_t first, int64_t count) {
  v1::AgentMessage message;
  v1::IterationsReturned& returned = *message.mutable_iterations_returned();
  returned.set_scenario(attempt_.scenarios[scenario].name);
  returned.set_first(first);
  returned.set_count(count);
  sender_.Send(std::move(message));
}

void Conductor::OnIterationsLeased(const v1::IterationsLeased& leased) {
  if (leased.first() < 0 || leased.count() < 0) {
    sender_.Fail(absl::StrCat("iterations_leased: ", leased.count(), " from ", leased.first(),
                              ": neither may be negative"));
    return;
  }
  if (attempt_.engine != nullptr) {
    attempt_.engine->Lease(leased.scenario(), leased.first(), leased.count());
  }
}

void Conductor::OnVusWanted(v1::VuIterationsWanted wanted) {
  v1::AgentMessage message;
  *message.mutable_vu_iterations_wanted() = std::move(wanted);
  sender_.Send(std::move(message));
}

void Conductor::OnVuIterationsLeased(const v1::VuIterationsLeased& leased) {
  for (const v1::VuIterationsLeased::Vu& vu : leased.vus()) {
    if (vu.first() < 0 || vu.end() < vu.first()) {
      sender_.Fail(absl::StrCat("vu_iterations_leased: ", vu.first(), " to ", vu.end(), " of VU ",
                                vu.vu(), ": no such iterations"));
      return;
    }
  }
  if (attempt_.engine != nullptr) {
    attempt_.engine->LeaseVus(leased);
  }
}

}  // namespace lockstep::agent
