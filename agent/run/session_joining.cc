// How a Session comes to be: the coordinator's answers to Join, until it is welcome or refused.
#include "absl/strings/str_cat.h"

#include "agent/run/session.h"
#include "common/messages/words.h"
#include "common/trust/join_proof.h"

namespace lockstep::agent {
namespace {

// Load must not go on for longer than this without a coordinator, whatever lease it has granted.
constexpr int64_t kLongestLeaseMs = 10 * 60 * 1000;
// How often in a row a connection may break before anything that was sent has been acknowledged: by
// then the messages themselves break it, and would for ever.
constexpr int kMostFruitless = 20;

}  // namespace

void Session::OnAnswerToJoin(const v1::CoordinatorMessage& message) {
  if (message.has_challenge()) {
    OnChallenge(message.challenge());
  } else if (message.has_refused()) {
    OnRefused(message.refused());
  } else if (!message.has_welcome()) {
    Break(absl::InvalidArgumentError(
        "the coordinator's first message was neither Challenge, Welcome nor Refused"));
  } else if (!KnowsToken(message.welcome())) {
    Break(absl::UnauthenticatedError("the coordinator does not know the fleet's join token"));
  } else {
    OnWelcome(message);
  }
}

void Session::OnChallenge(const v1::Challenge& challenge) {
  if (identity_.token.empty() || challenge.nonce().size() != kNonceBytes ||
      !coordinator_nonce_.empty()) {
    Break(absl::InvalidArgumentError(identity_.token.empty()
                                         ? "the coordinator asks for a join token, there is none"
                                         : "the coordinator's Challenge is invalid"));
    return;
  }
  coordinator_nonce_ = challenge.nonce();
  v1::AgentMessage message;
  message.mutable_proof()->set_proof(JoinProof(Prover::kAgent, identity_.token,
                                               {.coordinator_nonce = coordinator_nonce_,
                                                .agent_nonce = nonce_,
                                                .agent_fingerprint = identity_.fingerprint,
                                                .agent_name = settings_.name}));
  SendUnnumbered(std::move(message));
}

bool Session::KnowsToken(const v1::Welcome& welcome) const {
  if (identity_.token.empty()) {
    return true;
  }
  return !coordinator_nonce_.empty() &&
         SameProof(welcome.proof(), JoinProof(Prover::kCoordinator, identity_.token,
                                              {.coordinator_nonce = coordinator_nonce_,
                                               .agent_nonce = nonce_,
                                               .agent_fingerprint = identity_.fingerprint,
                                               .agent_name = settings_.name}));
}

void Session::OnWelcome(const v1::CoordinatorMessage& message) {
  const v1::Welcome& welcome = message.welcome();
  bool resumed = welcome.resumed() && open() && welcome.session_id() == session_id_;
  if (welcome.session_id().empty() || welcome.lease_ms() <= 0 || welcome.heartbeat_ms() <= 0 ||
      welcome.heartbeat_ms() >= welcome.lease_ms() || welcome.lease_ms() > kLongestLeaseMs ||
      (resumed && !sent_.Acknowledge(message.acknowledged()))) {
    Break(absl::InvalidArgumentError("the coordinator's Welcome is invalid"));
    return;
  }
  if (open() && !resumed) {
    LoseSession(absl::AbortedError("the coordinator has forgotten the session"));
    if (finished_) {
      return;
    }
  }
  const uint64_t oldest = sent_.next_number() - sent_.size();
  fruitless_ = resumed && sent_.size() > 0 && oldest == oldest_at_last_ ? fruitless_ + 1 : 0;
  oldest_at_last_ = oldest;
  if (fruitless_ > kMostFruitless) {
    const absl::Status broken =
        absl::InternalError(absl::StrCat("each connection breaks with message ", oldest, " (",
                                         NameOf(sent_.unacknowledged().front()), ")"));
    Break(broken);
    LoseSession(broken);
    return;
  }
  link_ = Link::kUp;
  between_runs_ = false;
  pause_ = fruitless_ > 0 ? pause_ : settings_.first_pause;
  last_complaint_ = MonoTime();
  lease_ = absl::Milliseconds(welcome.lease_ms());
  heartbeat_ = absl::Milliseconds(welcome.heartbeat_ms());
  session_id_ = welcome.session_id();
  beat_timer_.After(heartbeat_, [this] { Beat(); });
  probes_ = 0;
  SendProbe();
  if (!resumed) {
    events_.on_opened();
    return;
  }
  for (const v1::AgentMessage& kept : sent_.unacknowledged()) {
    v1::AgentMessage again = kept;
    again.set_acknowledged(received_.last());
    transport_.Send(again);
  }
  events_.on_resumed();
}

void Session::OnRefused(const v1::Refused& refused) {
  const absl::Status status(
      refused.retry() ? absl::StatusCode::kUnavailable : absl::StatusCode::kPermissionDenied,
      absl::StrCat("the coordinator refused: ", refused.reason()));
  refused_ = true;
  Break(status);
  if (!refused.retry()) {
    retry_timer_.Cancel();
    LoseSession(status);
    Finish(status);
  }
}

}  // namespace lockstep::agent
