#include "coordinator/core/iteration_leases.h"

namespace lockstep::coordinator {

absl::Status IterationLeases::OnMessage(AgentId agent, const v1::AgentMessage& message) {
  absl::Status taken;
  if (message.has_iteration_lease()) {
    taken = pools_.Ask(agent, message.iteration_lease());
  } else if (message.has_iterations_returned()) {
    taken = pools_.Return(agent, message.iterations_returned());
  } else {
    taken = vus_.Ask(agent, message.vu_iterations_wanted());
  }
  if (taken.ok()) {
    Deal();
  }
  return taken;
}

void IterationLeases::OnDrained(AgentId agent, const v1::Progress& last) {
  for (const v1::ScenarioProgress& part : last.scenarios()) {
    pools_.End(agent, part.name(), part.started());
  }
  vus_.End(agent, /*lost=*/false);
  Deal();
}

void IterationLeases::OnLost(RunMember& member) {
  vus_.End(member.id, /*lost=*/true);
  ShowGranted(member);
}

void IterationLeases::Deal() {
  if (phase_.state() > v1::RunStatus::DRAINING) {
    return;
  }
  for (IterationPools::Grant& grant : pools_.Deal(roster_.AtWork())) {
    v1::CoordinatorMessage message;
    *message.mutable_iterations_leased() = std::move(grant.message);
    sender_.Send(grant.to, std::move(message));
  }
  for (VuLeases::Grant& grant : vus_.Deal()) {
    v1::CoordinatorMessage message;
    *message.mutable_vu_iterations_leased() = std::move(grant.message);
    sender_.Send(grant.to, std::move(message));
  }
}

void IterationLeases::ShowGranted(RunMember& member) const {
  for (AgentShare::Scenario& scenario : member.share.scenarios) {
    if (pools_.pools().contains(scenario.name)) {
      scenario.iterations = pools_.GrantedTo(member.id, scenario.name);
    } else if (vus_.scenarios().contains(scenario.name)) {
      scenario.iterations = vus_.GrantedTo(member.id, scenario.name);
    }
  }
}

void IterationLeases::SaveTo(RunCheckpoint& saved) const {
  saved.pools = pools_;
  saved.vu_leases = vus_;
}

}  // namespace lockstep::coordinator
