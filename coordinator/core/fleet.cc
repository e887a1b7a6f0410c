#include "coordinator/core/fleet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "common/messages/valid_text.h"

namespace lockstep::coordinator {

std::string Describe(const Peer& peer) {
  const std::string address = peer.address.empty() ? "a peer" : peer.address;
  return peer.identity.name.empty() ? address : absl::StrCat(peer.identity.name, " at ", address);
}

Fleet::Fleet(EventLoop& loop, Connections& connections, Logger& logger, FleetSettings settings,
             SessionIdSource session_ids, NonceSource nonces)
    : loop_(loop),
      connections_(connections),
      logger_(logger),
      settings_(std::move(settings)),
      session_ids_(std::move(session_ids)),
      nonces_(std::move(nonces)),
      refusals_(loop.clock(), logger) {}

void Fleet::OnOpened(ConnectionId connection, Peer peer) {
  if (open_.size() >= settings_.max_connections + 2 * members_.size()) {
    refusals_.Add(kRefusedLimit, peer.address, "too many connections");
    connections_.Close(connection, absl::ResourceExhaustedError("too many connections"));
    return;
  }
  open_[connection].opened = loop_.clock().Mono();
  open_[connection].peer = std::move(peer);
  WatchLeases();
}

void Fleet::OnClosed(ConnectionId connection, const absl::Status& reason) {
  auto found = open_.find(connection);
  if (found == open_.end()) {
    return;
  }
  Member* member = FindMember(found->second.agent);
  open_.erase(found);
  if (member == nullptr) {
    return;
  }
  if (member->batches == connection) {
    member->batches = ConnectionId{};
  }
  if (member->control == connection) {
    member->control = ConnectionId{};
    member->record.connected = false;
    if (member->dismissed) {
      Drop(member->batches, reason);
      members_.erase(member->record.id);
      TellIfDismissed();
      return;
    }
    if (!dismissing_) {
      logger_.Warn(absl::StrCat("the connection to agent ", member->record.name,
                                " broke: ", reason.message(), "; it has ",
                                absl::FormatDuration(settings_.lease), " to come back"));
    }
  }
}

void Fleet::Send(AgentId to, uint64_t run_id, v1::CoordinatorMessage message) {
  Member* member = FindMember(to);
  if (member == nullptr || member->dismissed) {
    return;
  }
  // Pieces of files make up most of them.
  if (member->sent.size() >= kMostUnacknowledged) {
    Expel(to, absl::ResourceExhaustedError("it acknowledges nothing"));
    return;
  }
  MakeTextsValid(&message);
  if (const size_t bytes = message.ByteSizeLong(); bytes > kMostMessageBytes) {
    Expel(to, absl::ResourceExhaustedError(absl::StrCat("a message of ", bytes,
                                                        " bytes for it is too large: the most is ",
                                                        kMostMessageBytes)));
    return;
  }
  message.set_run_id(run_id);
  message.set_number(member->sent.next_number());
  const SentMessage kept =
      member->sent.Push(std::make_shared<v1::CoordinatorMessage>(std::move(message)));
  if (holding()) {
    on_held_();
  } else {
    SendNow(*member, *kept);
  }
}

void Fleet::SendNow(Member& member, v1::CoordinatorMessage message) {
  if (member.record.connected) {
    const uint64_t acknowledged = holding() ? member.kept : member.received.last();
    message.set_acknowledged(acknowledged);
    member.unsaid_bytes = acknowledged < member.received.last() ? member.unsaid_bytes : 0;
    connections_.Send(member.control, message);
  }
}

void Fleet::AcknowledgeBatches(AgentId from, uint64_t run_id, uint64_t number) {
  Member* member = FindMember(from);
  if (member == nullptr || member->batches == ConnectionId{} || number == 0) {
    return;
  }
  v1::BatchAck ack;
  ack.set_run_id(run_id);
  ack.set_acknowledged(number);
  connections_.Acknowledge(member->batches, ack);
}

void Fleet::Expel(AgentId agent, const absl::Status& reason) {
  End(agent, reason, /*join_again=*/false);
}

void Fleet::Recall(AgentId agent, const absl::Status& reason) {
  End(agent, reason, /*join_again=*/true);
}

void Fleet::End(AgentId agent, const absl::Status& reason, bool join_again) {
  auto found = members_.find(agent);
  if (found == members_.end()) {
    return;
  }
  TellLines(*found->second, found->second->received.last());  // it will not send them again
  std::unique_ptr<Member> member = std::move(found->second);
  members_.erase(found);
  if (member->record.connected) {
    // Behind messages that are held back, there is no number for it: the agent learns of it when it
    // comes again.
    if (!holding() || member->released + 1 == member->sent.next_number()) {
      v1::CoordinatorMessage message;
      message.mutable_goodbye()->set_reason(std::string(reason.message()));
      message.mutable_goodbye()->set_join_again(join_again);
      message.set_number(member->sent.next_number());
      SendNow(*member, std::move(message));
    }
    Drop(member->control, reason);
  }
  Drop(member->batches, reason);
  if (holding()) {
    on_held_();  // that it is gone is to be kept, too
  }
  if (!member->dismissed) {
    member->record.last_heard = member->last_heard;
    events_.on_lost(member->record, reason);
  }
  TellIfDismissed();
}

void Fleet::Banish(ConnectionId connection, absl::string_view kind, const absl::Status& reason) {
  const auto found = open_.find(connection);
  if (found == open_.end()) {
    return;
  }
  refusals_.Add(kind, Describe(found->second.peer), reason.message());
  if (found->second.agent == AgentId{}) {
    Drop(connection, reason);
  } else {
    Expel(found->second.agent, reason);
  }
}

void Fleet::Dismiss(const std::string& reason) {
  dismissing_ = true;
  for (const AgentId id : agents()) {
    v1::CoordinatorMessage message;
    message.mutable_goodbye()->set_reason(reason);
    Send(id, 0, std::move(message));
    if (Member* member = FindMember(id); member != nullptr) {  // not expelled for its silence
      member->dismissed = true;
    }
  }
  TellIfDismissed();
}

void Fleet::WhenDismissed(absl::AnyInvocable<void()> done) {
  on_dismissed_ = std::move(done);
  TellIfDismissed();
}

void Fleet::TellIfDismissed() {
  if (on_dismissed_ && dismissed()) {
    std::exchange(on_dismissed_, nullptr)();
  }
}

bool Fleet::dismissed() const {
  return dismissing_ && std::all_of(members_.begin(), members_.end(), [](const auto& entry) {
           return entry.second->sent.size() == 0;
         });
}

void Fleet::Drop(ConnectionId connection, const absl::Status& reason) {
  if (open_.erase(connection) > 0) {
    connections_.Close(connection, reason);
  }
}

Fleet::Member* Fleet::FindMember(AgentId agent) {
  auto found = members_.find(agent);
  return found == members_.end() ? nullptr : found->second.get();
}

Fleet::Member* Fleet::FindSession(const std::string& session_id) {
  if (session_id.empty()) {
    return nullptr;
  }
  for (auto& [id, member] : members_) {
    if (member->session_id == session_id) {
      return member.get();
    }
  }
  return nullptr;
}

const AgentRecord* Fleet::Find(AgentId agent) const {
  auto found = members_.find(agent);
  return found == members_.end() ? nullptr : &found->second->record;
}

MonoTime Fleet::LastHeard(AgentId agent) const {
  const auto found = members_.find(agent);
  return found == members_.end() ? MonoTime() : found->second->last_heard;
}

const AgentRecord* Fleet::FindByName(absl::string_view name) const {
  for (const auto& [id, member] : members_) {
    if (member->record.name == name) {
      return &member->record;
    }
  }
  return nullptr;
}

const AgentRecord* Fleet::FindByProcess(int64_t process_id) const {
  for (const auto& [id, member] : members_) {
    if (member->record.process_id == process_id) {
      return &member->record;
    }
  }
  return nullptr;
}

std::vector<AgentId> Fleet::agents() const {
  std::vector<AgentId> ids;
  for (const auto& [id, member] : members_) {
    ids.push_back(id);
  }
  return ids;
}

void Fleet::Forgive() {
  const MonoTime now = loop_.clock().Mono();
  for (const auto& [id, member] : members_) {
    member->last_heard = now;
  }
  for (auto& [id, connection] : open_) {
    connection.opened = now;
  }
  lease_timer_.Cancel();
  WatchLeases();
}

void Fleet::WatchLeases() {
  if (lease_timer_.set()) {
    return;
  }
  MonoTime earliest = MonoTime::Infinite();
  for (const auto& [id, member] : members_) {
    earliest = std::min(earliest, member->last_heard + settings_.lease);
  }
  for (const auto& [id, connection] : open_) {
    if (connection.agent == AgentId{}) {
      earliest = std::min(earliest, connection.opened + settings_.join_within);
    }
  }
  if (!earliest.infinite()) {
    lease_timer_.At(earliest, [this] {
      CheckLeases();
      WatchLeases();
    });
  }
}

void Fleet::CheckLeases() {
  MonoTime now = loop_.clock().Mono();
  std::vector<AgentId> expired;
  for (const auto& [id, member] : members_) {
    if (now - member->last_heard >= settings_.lease) {
      expired.push_back(id);
    }
  }
  for (AgentId id : expired) {
    Expel(id, absl::DeadlineExceededError(absl::StrCat("nothing was heard from it for ",
                                                       absl::FormatDuration(settings_.lease))));
  }
  std::vector<ConnectionId> silent;
  for (const auto& [id, connection] : open_) {
    if (connection.agent == AgentId{} && now - connection.opened >= settings_.join_within) {
      silent.push_back(id);
    }
  }
  for (ConnectionId connection : silent) {
    refusals_.Add(kRefusedSilence, Describe(open_[connection].peer), "it did not join");
    Drop(connection, absl::DeadlineExceededError("no Join came"));
  }
}

}  // namespace lockstep::coordinator
