#include "agent/run/batch_delivery.h"

#include <utility>

#include "common/base/beat.h"
#include "common/metrics/batch.h"
#include "common/metrics/hide_secrets.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kSealEvery = absl::Seconds(1);
// A batch that is not acknowledged for so long is sent again.
constexpr absl::Duration kResendAfter = absl::Seconds(3);

void ShiftTimes(absl::Duration by, Batch& batch) {
  if (by == absl::ZeroDuration()) {
    return;
  }
  const int64_t nanos = absl::ToInt64Nanoseconds(by);
  batch.begin += by;
  batch.end += by;
  for (SeriesDelta& series : batch.series) {
    series.first_seen.unix_nanos += nanos;
    if (series.aggregate.type() == MetricType::kGauge) {
      Gauge gauge = series.aggregate.gauge();
      gauge.time += by;
      series.aggregate = Aggregate(gauge);
    }
  }
  for (ErrorCount& error : batch.errors) {
    error.first_unix_nanos += nanos;
  }
  for (Point& point : batch.points) {
    point.unix_nanos += nanos;
  }
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
  host_.Seal(
      outbox_.next_number(),
      [this](Batch& batch) {
        HideSecrets(sender_.redactor(), &batch);
        ShiftTimes(sender_.WallCorrection(), batch);
      },
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
    outbox_.Add(std::move(batch));
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
