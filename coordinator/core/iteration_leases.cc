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
  sender_.SendEach(pools_.Deal(roster_.AtWork()));
  sender_.SendEach(vus_.Deal());
}

void IterationLeases::ShowGranted(RunMember& member) const {
  for (AgentShare::Scenario& scenario : member.share.scenarios) {
    if (pools_.state().pools.contains(scenario.name)) {
      scenario.iterations = pools_.GrantedTo(member.id, scenario.name);
    } else if (vus_.scenarios().contains(scenario.name)) {
      scenario.iterations = vus_.GrantedTo(member.id, scenario.name);
    }
  }
}

}  // namespace lockstep::coordinator
