// Who takes part in a Run: joining, spares, losses, the elected one.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "coordinator/core/run.h"

namespace lockstep::coordinator {

absl::Status Run::MayJoin(const v1::Join&) {
  const bool may_be_spare = state_ < v1::RunStatus::RUNNING && !settings_.inspect_only;
  if (state_ != v1::RunStatus::WAITING_FOR_AGENTS && !may_be_spare) {
    return absl::UnavailableError("a run is in progress; wait for the next one");
  }
  return absl::OkStatus();
}

void Run::OnJoined(AgentId agent) {
  const AgentRecord& record = *fleet_.Find(agent);
  if (state_ != v1::RunStatus::WAITING_FOR_AGENTS || members_.size() >= settings_.agents) {
    spares_.push_back(agent);
    logger_.Info(absl::StrCat("agent ", record.name, " has joined as a spare"));
    return;
  }
  AddMember(record);
  logger_.Debug(absl::StrCat("agent ", record.name, " has joined, ", members_.size(), " of ",
                             settings_.agents));
  Advance();
}

void Run::AddMember(const AgentRecord& record) {
  RunMember& member = members_.emplace_back();
  member.id = record.id;
  member.name = record.name;
  member.weight = record.weight;
  member.labels = record.labels;
}

bool Run::Substitute(RunMember& lost) {
  const bool too_late = state_ >= v1::RunStatus::RUNNING;
  if (spares_.empty() || too_late || (state_ == v1::RunStatus::SETUP && lost.id == elected_)) {
    return false;
  }
  const AgentRecord& spare = *fleet_.Find(spares_.front());
  spares_.erase(spares_.begin());
  logger_.Warn(absl::StrCat("agent ", lost.name, " was lost: ", lost.loss, "; agent ", spare.name,
                            " takes its place"));
  const bool was_elected = lost.id == elected_;
  RunMember substitute = lost;  // its part of the work
  substitute.id = spare.id;
  substitute.name = spare.name;
  substitute.labels = spare.labels;
  substitute.lost = substitute.assigned = substitute.asked_to_prepare = false;
  substitute.prepared = substitute.ready = false;
  substitute.loss.clear();
  substitute.batches = {};
  substitute.last_batch = 0;
  substitute.progress.Clear();
  lost = std::move(substitute);
  if (was_elected) {
    elected_ = lost.id;
  }
  if (state_ == v1::RunStatus::INSPECTING) {
    if (was_elected) {
      EnterInspecting();
    }
    return true;
  }
  // It has all of the state's time; in Setup and before Resume the limit is not its own.
  if (state_ != v1::RunStatus::SETUP && !paused_) {
    SetState(state_, settings_.prepare_within);
  }
  SendTo(lost, AssignFor(lost));
  return true;
}

void Run::CatchUp(RunMember& member) {
  if (member.lost || member.ready) {
    return;
  }
  if (member.prepared && state_ == v1::RunStatus::READY_BARRIER) {
    v1::CoordinatorMessage message;
    *message.mutable_setup_data()->mutable_value() = setup_data_;
    SendTo(member, std::move(message));
  } else if (member.assigned && !member.asked_to_prepare && state_ > v1::RunStatus::ASSIGNING) {
    member.asked_to_prepare = true;
    v1::CoordinatorMessage message;
    message.mutable_prepare();
    SendTo(member, std::move(message));
  }
}

void Run::CatchUpAll() {
  std::vector<AgentId> present;
  for (const RunMember& member : members_) {
    if (!member.lost) {
      present.push_back(member.id);
    }
  }
  for (const AgentId id : present) {  // sending may lose an agent, and change members_
    if (RunMember* member = FindMember(id); member != nullptr) {
      CatchUp(*member);
    }
  }
}

void Run::OnLost(const AgentRecord& agent, const absl::Status& reason) {
  RunMember* member = FindMember(agent.id);
  if (member == nullptr || state_ == v1::RunStatus::DONE) {
    std::erase(spares_, agent.id);
    return;
  }
  std::string message = absl::StrCat("agent ", agent.name, " was lost: ", reason.message());
  if (state_ == v1::RunStatus::WAITING_FOR_AGENTS) {
    logger_.Warn(message);
    std::erase_if(members_, [&](const RunMember& m) { return m.id == agent.id; });
    return;
  }
  member->lost = true;
  member->loss = std::string(reason.message());
  if (Substitute(*member)) {
    return;
  }
  std::string missing = MissingWork(*member);
  logger_.Error(absl::StrCat(message, missing.empty() ? "" : "; missing: ", missing));
  const bool was_elected = agent.id == elected_;
  const RunState before = state_;
  if (was_elected) {
    Elect();  // first: what follows may go on to teardown at once
  }
  if (!WithinTolerance() || (was_elected && state_ == v1::RunStatus::SETUP)) {
    EndEarly(ExitCode::kOther, message, false, /*now=*/true);
  }
  if (was_elected && state_ == before) {
    if (state_ == v1::RunStatus::INSPECTING) {
      EnterInspecting();
    } else if (state_ == v1::RunStatus::TEARDOWN) {
      logger_.Error(absl::StrCat("teardown() was lost with agent ", agent.name));
      EnterSummarising();
    } else if (state_ == v1::RunStatus::SUMMARISING) {
      Conclude(std::nullopt);
    }
  }
  Advance();
}

RunMember* Run::FindMember(AgentId agent) {
  for (RunMember& member : members_) {
    if (member.id == agent && !member.lost) {
      return &member;
    }
  }
  return nullptr;
}

bool Run::AllPresent(absl::FunctionRef<bool(const RunMember&)> predicate) const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const RunMember& m) { return m.lost || predicate(m); });
}

void Run::Elect() {
  elected_ = AgentId{};
  for (const RunMember& member : members_) {
    if (!member.lost) {
      elected_ = member.id;
      return;
    }
  }
}

RunMember* Run::Elected() {
  return FindMember(elected_);
}

// Once, when all agents have told how long after T0 they came to start.
void Run::ReportStartSkew() {
  if (skew_reported_ || members_.size() < 2 ||
      !AllPresent([](const RunMember& m) { return m.progress.start_lateness_ns() > 0; })) {
    return;
  }
  skew_reported_ = true;
  double latest = 0;
  double uncertainty = 0;  // of the clock's offset: half of the best round trip
  for (const RunMember& member : members_) {
    if (!member.lost) {
      latest = std::max(latest, static_cast<double>(member.progress.start_lateness_ns()) / 1e6);
      uncertainty = std::max(uncertainty, member.round_trip_ms / 2);
    }
  }
  logger_.Info(absl::StrFormat(
      "all agents started within %.2f ms of the common start; clocks are known to +-%.2f ms",
      latest, uncertainty));
}

void Run::SendTo(const RunMember& member, v1::CoordinatorMessage message) {
  fleet_.Send(member.id, settings_.run_id, std::move(message));
}

void Run::SendToAll(const v1::CoordinatorMessage& message) {
  std::vector<AgentId> present;
  for (const RunMember& member : members_) {
    if (!member.lost) {
      present.push_back(member.id);
    }
  }
  for (AgentId id : present) {  // sending may lose an agent, and change members_
    fleet_.Send(id, settings_.run_id, message);
  }
}

}  // namespace lockstep::coordinator
