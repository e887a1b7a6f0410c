#include "coordinator/core/preparation.h"

#include <utility>

namespace lockstep::coordinator {

void Preparation::Next(RunMember& member) {
  v1::CoordinatorMessage message;
  const bool may_be_ready = phase_.state() == v1::RunStatus::READY_BARRIER || member.joining;
  if (member.step == RunMember::Step::kPrepared && may_be_ready) {
    *message.mutable_setup_data()->mutable_value() = script_.setup_data();
    sender_.Send(member.id, std::move(message));
  } else if (member.step == RunMember::Step::kAssigned &&
             phase_.state() > v1::RunStatus::ASSIGNING) {
    member.Reach(RunMember::Step::kAskedToPrepare);
    message.mutable_prepare();
    sender_.Send(member.id, std::move(message));
  }
}

void Preparation::NextOfAll() {
  for (const AgentId id : roster_.Present()) {
    if (RunMember* member = roster_.Find(id); member != nullptr) {
      Next(*member);
    }
  }
}

}  // namespace lockstep::coordinator
