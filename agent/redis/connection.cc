#include "agent/redis/connection.h"

#include "absl/strings/str_cat.h"

#include "agent/http/unsent.h"

namespace lockstep::agent {

RedisConnection::~RedisConnection() {
  CountBytes();
}

absl::Status RedisConnection::Send(const Command& command, Done done) {
  if (waiting_.size() >= kMostWaiting) {
    return absl::ResourceExhaustedError(
        absl::StrCat("redis: ", waiting_.size(), " commands wait for replies already"));
  }
  if (stream_ == nullptr) {
    Open();
  }
  std::string bytes;
  AppendCommand(command, &bytes);
  if (!open_ && unsent_.size() + bytes.size() <= static_cast<size_t>(kMostUnsentBytes)) {
    unsent_ += bytes;
  } else if (!open_ || !stream_->Write(bytes)) {
    return absl::UnavailableError(absl::StrCat("redis: the connection has ended, or more than ",
                                               kMostUnsentBytes, " bytes wait to be sent"));
  }
  Expect(std::move(done), false);
  return absl::OkStatus();
}

void RedisConnection::Open() {
  reader_ = RespReader();
  open_ = false;
  unsent_.clear();
  counted_sent_ = counted_received_ = 0;
  stream_ = env_.streams.OpenStream(env_.pool, settings_.target, *this);
  for (const Command& command : settings_.greeting) {
    AppendCommand(command, &unsent_);
    Expect(nullptr, true);
  }
}

void RedisConnection::Expect(Done done, bool greeting) {
  waiting_.push_back(
      {.done = std::move(done), .sent = env_.loop.clock().Mono(), .greeting = greeting});
  if (open_ && !timer_.set()) {
    ArmTimer();
  }
}

void RedisConnection::OnOpen() {
  open_ = true;
  // The time to dial was not that of replies.
  for (Waiting& waiting : waiting_) {
    waiting.sent = env_.loop.clock().Mono();
  }
  const std::string bytes = std::exchange(unsent_, {});
  if (!bytes.empty() && !stream_->Write(bytes)) {
    Fail(absl::UnavailableError("redis: the connection ended as it was opened"));
    return;
  }
  ArmTimer();
}

void RedisConnection::OnBytes(absl::string_view bytes) {
  CountBytes();
  reader_.Feed(bytes);
  for (;;) {
    absl::StatusOr<std::optional<RespValue>> reply = reader_.Next();
    if (!reply.ok()) {
      Fail(absl::UnavailableError(absl::StrCat("redis: ", reply.status().message())));
      return;
    }
    if (!reply->has_value()) {
      break;
    }
    if (const absl::Status delivered = Deliver(**std::move(reply)); !delivered.ok()) {
      Fail(delivered);
      return;
    }
  }
  ArmTimer();
}

absl::Status RedisConnection::Deliver(RespValue reply) {
  if (waiting_.empty()) {
    return absl::UnavailableError("redis: the server sends replies that nobody asked for");
  }
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  if (!first.greeting) {
    first.done(std::move(reply));
  } else if (reply.kind == RespValue::Kind::kError) {
    return absl::UnavailableError(reply.text);
  }
  return absl::OkStatus();
}

void RedisConnection::OnEnd(absl::Status why) {
  Fail(why.ok() ? absl::UnavailableError("EOF") : why);
}

void RedisConnection::Fail(const absl::Status& why) {
  CountBytes();
  timer_.Cancel();
  stream_.reset();
  open_ = false;
  std::deque<Waiting> told;
  told.swap(waiting_);  // those that follow are of a new connection
  for (Waiting& waiting : told) {
    if (!waiting.greeting) {
      waiting.done(why);
    }
  }
}

// For the oldest command without a reply.
void RedisConnection::ArmTimer() {
  timer_.Cancel();
  if (!waiting_.empty() && settings_.read_timeout < absl::InfiniteDuration()) {
    timer_.At(waiting_.front().sent + settings_.read_timeout, [this] {
      Fail(absl::DeadlineExceededError("redis: i/o timeout: no reply in time"));
    });
  }
}

void RedisConnection::CountBytes() {
  if (stream_ != nullptr) {
    env_.count_bytes(
        stream_->bytes_sent() - std::exchange(counted_sent_, stream_->bytes_sent()),
        stream_->bytes_received() - std::exchange(counted_received_, stream_->bytes_received()));
  }
}

}  // namespace lockstep::agent
