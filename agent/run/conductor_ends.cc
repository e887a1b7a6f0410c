// How a Conductor comes to an end: draining, leaving, sessions that are lost, and work that is
// dealt out again before the start.
#include <utility>

#include "agent/run/conductor.h"

namespace lockstep::agent {
namespace {

// How long a coordinator may take to acknowledge what an agent that leaves hands over, or to ask
// for what ends the run.
constexpr absl::Duration kHandOverWithin = absl::Seconds(10);
// How long a division without an agent that leaves may take to come about: the lease of another
// that does not answer, and twice the longest lead.
constexpr absl::Duration kDividedWithin = absl::Seconds(20);

}  // namespace

void Conductor::Drain(const std::string& reason) {
  if (leaving_.has_value() || phase_ != Phase::kActive) {
    Leave(reason);
    return;
  }
  leaving_ = reason;
  if (under_load()) {
    HandOver();
  }
  LeaveWhenDone();
}

void Conductor::SendLeaving() {
  if (std::exchange(attempt_.told_leaving, true)) {
    return;
  }
  v1::AgentMessage message;
  message.mutable_leaving()->set_reason(*leaving_);
  message.mutable_leaving()->set_draining(true);
  sender_.Send(std::move(message));
}

void Conductor::HandOver() {
  SendLeaving();
  if (!assignment_.assign().work_moves()) {
    attempt_.engine->Leave();
    return;
  }
  hand_over_timer_.After(kDividedWithin, [this] {  // until others have taken over
    attempt_.gave_up = true;
    attempt_.engine->Leave();
  });
}

void Conductor::LeaveWhenDone() {
  if (!leaving_.has_value() || phase_ != Phase::kActive || at_work()) {
    return;
  }
  const bool before_start = !attempt_.started && !attempt_.drained();
  // Perhaps nobody else is left to call teardown() and handleSummary().
  const bool needed = assignment_.assign().work_moves() && attempt_.did_all();
  if (before_start && delivery_.idle()) {
    // Whether the start is already on its way is the coordinator's to say: it ends the session, and
    // the others get all of the work, or Start comes, and HandOver follows.
    SendLeaving();
  } else if (!before_start && !needed && delivery_.idle() && session_.unacknowledged() == 0) {
    Leave(*leaving_);
    return;
  }
  if (!leave_timer_.set()) {
    leave_timer_.After(kHandOverWithin, [this] {
      if (!at_work()) {  // else it comes back here afterwards
        Leave(*leaving_);
      }
    });
  }
}

void Conductor::Leave(const std::string& reason) {
  session_.Leave(reason);
  finished_ = absl::OkStatus();
  if (phase_ == Phase::kIdle) {
    Finish();
  } else {
    AbandonRun();
  }
}

void Conductor::Finish() {
  if (on_finished_) {
    std::exchange(on_finished_, nullptr)(*finished_);
  }
}

void Conductor::OnLost(const absl::Status&) {
  waiting_.clear();
  if (leaving_.has_value()) {  // for good
    session_.Leave(*leaving_);
    finished_ = absl::OkStatus();
  }
  if (phase_ != Phase::kIdle) {
    AbandonRun();
  }
}

// Interrupts and forgets everything of the run; what was measured and not yet acknowledged is lost
// with the session.
void Conductor::AbandonRun() {
  const bool resetting = phase_ == Phase::kResetting;
  phase_ = Phase::kResetting;
  ++generation_;
  CancelTimers();
  delivery_.Clear();
  row_leases_.Clear();
  reassign_.reset();
  files_.Clear();
  sender_.SetRun(0);
  if (!resetting) {
    ResetHost();
  }
}

void Conductor::ResetHost() {
  // In a task of its own: something that the engine has told may have led here.
  loop_.Post([engine = std::move(attempt_.engine)] {});
  host_.Reset([this] {
    attempt_ = {};
    phase_ = Phase::kIdle;
    if (finished_.has_value()) {
      Finish();
      return;
    }
    if (std::optional<v1::Assign> assign = std::exchange(reassign_, std::nullopt);
        assign.has_value()) {
      phase_ = Phase::kActive;
      attempt_.stage = Stage::kAssigning;
      OnAssign(*assign);
    }
    while (!waiting_.empty() && phase_ != Phase::kResetting) {
      v1::CoordinatorMessage message = std::move(waiting_.front());
      waiting_.pop_front();
      Handle(message);
    }
  });
}

// The work is dealt out anew: VUs are initialised again, for another part of it. What setup() has
// measured is in the outbox.
void Conductor::Reassign(const v1::Assign& assign) {
  phase_ = Phase::kResetting;
  ++generation_;
  CancelTimers();
  delivery_.ForgetSeals();
  row_leases_.Forget();
  reassign_ = assign;
  ResetHost();
}

}  // namespace lockstep::agent
