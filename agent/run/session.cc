#include "agent/run/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "common/base/version.h"
#include "common/messages/valid_text.h"

namespace lockstep::agent {
namespace {

// Probes in quick succession after joining; later ones come with the heartbeats.
constexpr uint64_t kFirstProbes = 8;
// How long a connection may take to bring a Welcome.
constexpr absl::Duration kAnswerWithin = absl::Seconds(5);
// How long before the end of the lease the last attempt is made: enough for an answer from nearby.
constexpr absl::Duration kLastAttempt = absl::Milliseconds(100);
// How often a person is told that the coordinator still cannot be reached; and of what may well go
// on: a refusal, as while others run a test, and that no run follows the last one.
constexpr absl::Duration kComplainEvery = absl::Seconds(30);
constexpr absl::Duration kRemindEvery = absl::Hours(1);

}  // namespace

Session::Session(EventLoop& loop, Transport& transport, Logger& logger, SessionSettings settings)
    : loop_(loop),
      transport_(transport),
      logger_(logger),
      settings_(std::move(settings)),
      identity_(settings_.identity),
      pause_(settings_.first_pause) {}

Session::~Session() {
  transport_.Close();
}

void Session::Open(Events events) {
  events_ = std::move(events);
  down_since_ = loop_.clock().Mono();
  Connect();
}

void Session::Connect() {
  link_ = Link::kJoining;
  refused_ = false;
  if (!open() && settings_.renew) {
    identity_ = settings_.renew();
  }
  last_heard_ = open() ? last_heard_ : loop_.clock().Mono();
  transport_.Connect({
      .on_message = [this](const v1::CoordinatorMessage& message) { OnMessage(message); },
      .on_batch_ack =
          [this](const v1::BatchAck& ack) {
            if (link_ == Link::kUp) {
              events_.on_batch_ack(ack);
            }
          },
      .on_closed = [this](const absl::Status& status) { OnClosed(status); },
  });
  v1::AgentMessage message;
  v1::Join& join = *message.mutable_join();
  join.set_protocol(kProtocolVersion);
  join.set_version(settings_.version);
  join.set_name(settings_.name);
  join.set_weight(settings_.weight);
  join.mutable_labels()->insert(settings_.labels.begin(), settings_.labels.end());
  join.set_session_id(session_id_);
  join.set_process_id(settings_.process_id);
  coordinator_nonce_.clear();
  nonce_ = identity_.token.empty() ? "" : settings_.nonces();
  join.set_nonce(nonce_);
  SendUnnumbered(std::move(message));
  absl::Duration patience = kAnswerWithin;
  if (open()) {
    patience = std::min(
        patience, last_heard_ + longest_silence() + absl::Milliseconds(1) - loop_.clock().Mono());
  }
  beat_timer_.After(std::max(patience, absl::Milliseconds(1)),
                    [this] { Break(absl::DeadlineExceededError("it does not answer")); });
}

void Session::SendUnnumbered(v1::AgentMessage message) {
  MakeTextsValid(&message);
  message.set_acknowledged(received_.last());
  transport_.Send(message);
}

void Session::Send(uint64_t run_id, v1::AgentMessage message) {
  if (!open()) {
    return;
  }
  // A coordinator that acknowledges nothing is as good as gone.
  if (sent_.size() >= kMostUnacknowledged) {
    Break(absl::ResourceExhaustedError("the coordinator acknowledges nothing"));
    LoseSession(absl::ResourceExhaustedError("the coordinator acknowledges nothing"));
    return;
  }
  MakeTextsValid(&message);
  size_t bytes = message.ByteSizeLong();
  if (bytes > kMostMessageBytes) {  // it would be sent again and again, and never arrive
    message.Clear();
    message.mutable_agent_failed()->set_message(
        absl::StrCat("a message of ", bytes,
                     " bytes is too large for the coordinator: the most is ", kMostMessageBytes));
    bytes = message.ByteSizeLong();
  }
  message.set_run_id(run_id);
  message.set_number(sent_.next_number());
  const v1::AgentMessage& kept = sent_.Push(std::move(message), bytes);
  if (link_ == Link::kUp) {
    v1::AgentMessage now = kept;
    now.set_acknowledged(received_.last());
    transport_.Send(now);
  }
}

void Session::SendBatch(v1::BatchMessage message) {
  if (link_ != Link::kUp) {
    return;
  }
  message.set_session_id(session_id_);
  transport_.SendBatch(message);
}

void Session::Leave(std::string reason) {
  TellOfEnd(absl::StrCat("leaves: ", reason));
  if (link_ == Link::kUp) {
    v1::AgentMessage message;
    message.mutable_leaving()->set_reason(std::move(reason));
    Send(0, std::move(message));
  }
  finished_ = true;
  link_ = Link::kDown;
  session_id_.clear();
  retry_timer_.Cancel();
  beat_timer_.Cancel();
  transport_.Close();
}

void Session::OnMessage(const v1::CoordinatorMessage& message) {
  if (finished_ || link_ == Link::kDown) {
    return;
  }
  last_heard_ = loop_.clock().Mono();
  if (link_ == Link::kJoining) {
    OnAnswerToJoin(message);
    return;
  }
  if (!sent_.Acknowledge(message.acknowledged())) {
    Break(absl::InvalidArgumentError("the coordinator acknowledged a message that was never sent"));
    return;
  }
  events_.on_acknowledged();
  if (finished_ || link_ != Link::kUp) {
    return;
  }
  if (message.number() == 0) {
    if (message.has_clock_answer()) {
      OnClockAnswer(message.clock_answer());
    }
    return;
  }
  switch (received_.Receive(message.number())) {
    case ReceiveWindow::Arrival::kRepeated:
      return;
    case ReceiveWindow::Arrival::kGap:
      Break(absl::DataLossError(
          absl::StrCat("the coordinator's message ", received_.last() + 1, " is missing")));
      return;
    case ReceiveWindow::Arrival::kNext:
      break;
  }
  if (message.has_goodbye()) {
    OnGoodbye(message.goodbye());
  } else {
    if (message.has_suspend()) {
      suspended_ = !message.suspend().over();
    }
    events_.on_message(message);
  }
}

void Session::TellOfEnd(const std::string& end) {
  settings_.end_is_told ? logger_.Debug(end) : logger_.Info(end);
}

void Session::OnGoodbye(const v1::Goodbye& goodbye) {
  v1::AgentMessage
      thanks;  // acknowledges the Goodbye, so that the coordinator need not wait for it
  thanks.mutable_heartbeat();
  SendUnnumbered(std::move(thanks));
  const bool ends = settings_.once && !goodbye.join_again();
  const bool waits = !ends && !finished_ && !goodbye.join_again();
  TellOfEnd(
      waits ? absl::StrCat(goodbye.reason(), "; waits for the next run at ", settings_.coordinator)
            : goodbye.reason());
  link_ = Link::kDown;
  beat_timer_.Cancel();
  transport_.Close();
  LoseSession(absl::OkStatus());
  if (finished_) {
    return;
  }
  if (ends) {
    Finish(absl::OkStatus());
  } else {
    last_complaint_ = down_since_ = loop_.clock().Mono();
    between_runs_ = true;
    pause_ = settings_.first_pause;
    RetryLater(absl::OkStatus());
  }
}

void Session::OnClockAnswer(const v1::ClockAnswer& answer) {
  clock_.Add(MonoTime::FromNanos(answer.agent_mono_ns()),
             {.coordinator_mono_ns = answer.coordinator_mono_ns(),
              .coordinator_wall_unix_ns = answer.coordinator_wall_unix_ns()},
             loop_.clock().Mono(), loop_.clock().Wall());
  proved_ = std::max(proved_, MonoTime::FromNanos(answer.agent_mono_ns()));
  events_.on_proved();
  if (probes_ < kFirstProbes) {
    SendProbe();
  }
}

void Session::SendProbe() {
  v1::AgentMessage message;
  message.mutable_clock_probe()->set_id(++probes_);
  message.mutable_clock_probe()->set_agent_mono_ns(loop_.clock().Mono().nanos());
  SendUnnumbered(std::move(message));
}

void Session::Beat() {
  MonoTime now = loop_.clock().Mono();
  if (now - last_heard_ > longest_silence()) {
    Break(absl::DeadlineExceededError(
        absl::StrCat("nothing heard for ", absl::FormatDuration(now - last_heard_))));
    return;
  }
  SendProbe();  // doubles as the heartbeat
  beat_timer_.After(heartbeat_, [this] { Beat(); });
}

void Session::Break(const absl::Status& status) {
  transport_.Close();
  OnClosed(status);
}

void Session::OnClosed(const absl::Status& status) {
  if (finished_) {
    return;
  }
  if (link_ == Link::kUp) {
    down_since_ = loop_.clock().Mono();
  }
  link_ = Link::kDown;
  beat_timer_.Cancel();
  if (open() && loop_.clock().Mono() - last_heard_ > longest_silence()) {
    LoseSession(status);
    if (finished_) {
      return;
    }
  }
  RetryLater(status);
}

void Session::RetryLater(const absl::Status& status) {
  MonoTime now = loop_.clock().Mono();
  if (settings_.once && !open() && now - down_since_ >= settings_.give_up_after) {
    // One that was to join again, and comes too late for that, has done what it was there for.
    Finish(between_runs_ ? absl::OkStatus()
                         : absl::UnavailableError(absl::StrCat("cannot reach the coordinator at ",
                                                               settings_.coordinator, ": ",
                                                               status.message())));
    return;
  }
  // The first failures are normal while a coordinator starts.
  bool worth_saying = !suspended_ && (now - down_since_ > absl::Seconds(1) || open());
  // Between two runs nobody listens there.
  const bool normal =
      between_runs_ && (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status));
  // A refusal that has been told changes nothing until something else happens.
  const bool known = refused_ && status.message() == complaint_;
  const absl::Duration every = normal || known ? kRemindEvery : kComplainEvery;
  if (worth_saying && (last_complaint_ == MonoTime() || now - last_complaint_ >= every)) {
    last_complaint_ = now;
    complaint_ = std::string(status.message());
    const std::string why =
        absl::StrCat(" at ", settings_.coordinator, ": ", status.message(), "; trying again");
    normal ? logger_.Info(absl::StrCat("still waits for the next run", why))
           : logger_.Warn(
                 absl::StrCat(refused_ ? "cannot join" : "cannot reach", " the coordinator", why));
  }
  const absl::Duration pause = PauseNow();
  pause_ = std::min(pause_ * 2, settings_.max_pause);
  retry_timer_.After(pause, [this, status] {
    if (open() && loop_.clock().Mono() - last_heard_ > longest_silence()) {
      LoseSession(status);
    }
    if (!finished_) {
      Connect();
    }
  });
}

absl::Duration Session::PauseNow() const {
  if (!open()) {
    return pause_;
  }
  const absl::Duration longest =
      suspended_ ? pause_ : std::min(pause_, settings_.max_pause_in_session);
  const absl::Duration left = last_heard_ + longest_silence() - loop_.clock().Mono();
  if (left > kLastAttempt) {
    return std::min(longest, left - kLastAttempt);
  }
  // Do not sleep past the end of the lease: load must stop there.
  return std::clamp(left + absl::Milliseconds(1), absl::ZeroDuration(), longest);
}

void Session::LoseSession(const absl::Status& status) {
  if (!open()) {
    return;
  }
  session_id_.clear();
  down_since_ = loop_.clock().Mono();  // from now on a new one is looked for
  suspended_ = false;
  sent_ = {};
  received_ = {};
  events_.on_lost(status);
}

void Session::Finish(const absl::Status& status) {
  finished_ = true;
  link_ = Link::kDown;
  beat_timer_.Cancel();
  retry_timer_.Cancel();
  transport_.Close();
  events_.on_finished(status);
}

}  // namespace lockstep::agent
