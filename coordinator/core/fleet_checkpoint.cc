// A fleet that outlives its process: what is held back until it is on disk, and sessions that go on
// in another process.
#include <algorithm>
#include <utility>

#include "coordinator/core/fleet.h"

namespace lockstep::coordinator {

void Fleet::Hold(absl::AnyInvocable<void()> on_held) {
  on_held_ = std::move(on_held);
  for (auto& [id, member] : members_) {  // so far nothing was held back
    member->released = member->sent.next_number() - 1;
    member->kept = member->received.last();
  }
}

void Fleet::SendHeld(Member& member, uint64_t last) {
  const uint64_t released = std::exchange(member.released, std::max(member.released, last));
  for (const SentMessage& message : member.sent.unacknowledged()) {
    if (message->number() > released && message->number() <= last) {
      SendNow(member, *message);
    }
  }
}

void Fleet::Committed(const std::vector<SessionMark>& marks) {
  for (const SessionMark& mark : marks) {
    if (Member* const member = FindMember(mark.agent); member != nullptr) {
      member->kept = std::max(member->kept, mark.received);
      TellLines(*member, member->kept);
      SendHeld(*member, mark.sent);
      AcknowledgeIfMuch(*member);
    }
  }
}

void Fleet::TellLines(Member& member, uint64_t last) {
  while (!member.untold.empty() && member.untold.front().number() <= last) {
    const v1::AgentMessage lines = std::move(member.untold.front());
    member.untold.pop_front();
    events_.on_message(member.record.id, lines).IgnoreError();  // lines have none
  }
}

void Fleet::TellAllLines() {
  for (auto& [id, member] : members_) {
    TellLines(*member, member->received.last());
  }
}

void Fleet::ReleaseHold() {
  if (holding()) {
    on_held_ = nullptr;
    TellAllLines();
    for (auto& [id, member] : members_) {
      SendHeld(*member, member->sent.next_number() - 1);
    }
  }
}

FleetCheckpoint Fleet::Checkpoint() const {
  FleetCheckpoint saved{.last_id = last_id_, .sessions = {}};
  for (const auto& [id, member] : members_) {
    saved.sessions.push_back({.agent = id,
                              .name = member->record.name,
                              .weight = member->record.weight,
                              .labels = member->record.labels,
                              .process_id = member->record.process_id,
                              .session_id = member->session_id,
                              .fingerprint = member->fingerprint,
                              .sent = member->sent.next_number() - 1,
                              .received = member->received.last(),
                              .unacknowledged = member->sent.unacknowledged()});
  }
  return saved;
}

void Fleet::Restore(FleetCheckpoint saved) {
  last_id_ = saved.last_id;
  for (SessionCheckpoint& session : saved.sessions) {
    auto member = std::make_unique<Member>();
    member->record.id = session.agent;
    member->record.name = std::move(session.name);
    member->record.weight = session.weight;
    member->record.labels = std::move(session.labels);
    member->record.process_id = session.process_id;
    member->record.connected = false;
    member->session_id = std::move(session.session_id);
    member->fingerprint = std::move(session.fingerprint);
    member->last_heard = loop_.clock().Mono();
    member->sent = SendWindow<SentMessage>(session.sent, std::move(session.unacknowledged));
    member->received = ReceiveWindow(session.received);
    members_.emplace(session.agent, std::move(member));
  }
  WatchLeases();
}

}  // namespace lockstep::coordinator
