#include "agent/run/batch_delivery.h"

#include <utility>

#include "lockstep/v1/metrics.pb.h"

#include "common/base/beat.h"
#include "common/metrics/hide_secrets.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kSealEvery = absl::Seconds(1);
// A batch that is not acknowledged for so long is sent again.
constexpr absl::Duration kResendAfter = absl::Seconds(3);

// An encoded MetricBatch with all of its stamps moved.
std::string ShiftTimes(std::string batch, absl::Duration by) {
  v1::MetricBatch decoded;
  if (by == absl::ZeroDuration() || !decoded.ParseFromString(batch)) {
    return batch;
  }
  const int64_t nanos = absl::ToInt64Nanoseconds(by);
  decoded.set_begin_unix_ns(decoded.begin_unix_ns() + nanos);
  decoded.set_end_unix_ns(decoded.end_unix_ns() + nanos);
  for (v1::SeriesDelta& series : *decoded.mutable_series()) {
    series.set_first_unix_ns(series.first_unix_ns() + nanos);
    if (series.has_gauge()) {
      series.mutable_gauge()->set_last_unix_ns(series.gauge().last_unix_ns() + nanos);
    }
  }
  for (v1::ErrorDelta& error : *decoded.mutable_errors()) {
    error.set_first_unix_ns(error.first_unix_ns() + nanos);
  }
  if (decoded.points().unix_ns_size() > 0) {  // the others are distances
    decoded.mutable_points()->set_unix_ns(0, decoded.points().unix_ns(0) + nanos);
  }
  return decoded.SerializeAsString();
}

std::string WithoutSecrets(const Redactor& redactor, std::string batch) {
  absl::StatusOr<Batch> decoded = redactor.empty() ? absl::NotFoundError("") : DecodeBatch(batch);
  if (!decoded.ok()) {
    return batch;
  }
  HideSecrets(redactor, &*decoded);
  return EncodeBatch(*decoded);
}

}  // namespace

BatchDelivery::BatchDelivery(EventLoop& loop, Session& session, ScriptHost& host, RunSender& sender,
                             absl::AnyInvocable<void()> on_fewer)
    : clock_(loop.clock()),
      session_(session),
      host_(host),
      sender_(sender),
      on_fewer_(std::move(on_fewer)),
      seal_timer_(loop),
      soon_timer_(loop),
      resend_timer_(loop) {}

void BatchDelivery::SealThen(absl::AnyInvocable<void()> then) {
  seals_.push_back(std::move(then));
  if (!sealing_) {
    NextSeal();
  }
}

void BatchDelivery::SealSoon(absl::AnyInvocable<void()> then) {
  soon_timer_.After(absl::ZeroDuration(), [this, then = std::move(then)]() mutable {
    if (!load_ended_ && !outbox_.full()) {
      SealThen(std::move(then));
    }
  });
}

void BatchDelivery::NextSeal() {
  sealing_ = true;
  host_.Seal(outbox_.next_number(),
             [this, generation = generation_](std::vector<std::string> batches) {
               sealing_ = false;
               if (generation == generation_) {
                 OnSealed(std::move(batches));
               } else if (!seals_.empty()) {  // of a later run
                 NextSeal();
               }
             });
}

void BatchDelivery::OnSealed(std::vector<std::string> batches) {
  for (std::string& batch : batches) {
    outbox_.Add(
        ShiftTimes(WithoutSecrets(sender_.redactor(), std::move(batch)), sender_.WallCorrection()));
  }
  SendBatches();
  absl::AnyInvocable<void()> then = std::move(seals_.front());
  seals_.pop_front();
  then();
  if (!seals_.empty() && !sealing_) {
    NextSeal();
  }
  on_fewer_();
}

void BatchDelivery::SealEachSecond(std::optional<MonoTime> t0) {
  t0_ = t0;
  const MonoTime now = clock_.Mono();
  seal_timer_.At(NextBeat(t0_.value_or(now), kSealEvery, now), [this] {
    if (load_ended_) {
      return;
    }
    if (!outbox_.full()) {  // otherwise the workers' aggregates grow on, and nothing is lost
      SealThen([] {});
    }
    SealEachSecond(t0_);
  });
}

void BatchDelivery::OnAck(const v1::BatchAck& ack) {
  if (ack.run_id() == sender_.run_id() && ack.acknowledged() <= outbox_.last_number()) {
    outbox_.Acknowledge(ack.acknowledged());
    last_sent_ = clock_.Mono();
    SendBatches();
    on_fewer_();
  }
}

void BatchDelivery::SendBatches() {
  while (const Outbox::Item* item = outbox_.NextToSend()) {
    v1::BatchMessage message;
    message.set_run_id(sender_.run_id());
    message.set_number(item->number);
    message.set_batch(item->encoded);
    session_.SendBatch(std::move(message));
    last_sent_ = clock_.Mono();
  }
  ResendLater();
}

void BatchDelivery::ResendLater() {
  if (resend_timer_.set() || outbox_.empty()) {
    return;
  }
  resend_timer_.At(last_sent_ + kResendAfter, [this] {
    if (clock_.Mono() - last_sent_ >= kResendAfter) {
      Resend();
    }
    ResendLater();
  });
}

void BatchDelivery::Resend() {
  outbox_.Rewind();
  SendBatches();
}

void BatchDelivery::ForgetSeals() {
  ++generation_;
  seals_.clear();
  load_ended_ = false;
  seal_timer_.Cancel();
  soon_timer_.Cancel();
  resend_timer_.Cancel();
}

void BatchDelivery::Clear() {
  ForgetSeals();
  outbox_ = Outbox();
}

}  // namespace lockstep::agent
