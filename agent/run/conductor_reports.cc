// What a Conductor reports: batches of metrics, progress and health, log lines.
#include <algorithm>
#include <utility>

#include "lockstep/v1/metrics.pb.h"

#include "agent/run/conductor.h"
#include "common/base/beat.h"
#include "common/health/lag.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kSealEvery = absl::Seconds(1);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(500);
// A batch that is not acknowledged for so long is sent again.
constexpr absl::Duration kResendAfter = absl::Seconds(3);
constexpr int kLogLinesPerMessage = 5000;
// Log lines wait while the coordinator has so much to acknowledge: a script may write faster than
// anybody can read.
constexpr size_t kMostUnacknowledgedBytes = 4 << 20;
// Clocks that differ by less are left alone: more than that is what probes over a busy network are
// accurate to.
constexpr absl::Duration kWorthCorrecting = absl::Milliseconds(10);

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

}  // namespace

void Conductor::SealThen(absl::AnyInvocable<void()> then) {
  seals_.push_back(std::move(then));
  if (!sealing_) {
    NextSeal();
  }
}

void Conductor::NextSeal() {
  sealing_ = true;
  host_.Seal(outbox_->next_number(),
             [this, generation = generation_](std::vector<std::string> batches) {
               sealing_ = false;
               if (generation != generation_ || phase_ != Phase::kActive || seals_.empty()) {
                 if (!seals_.empty()) {  // of a later run
                   NextSeal();
                 }
                 return;
               }
               for (std::string& batch : batches) {
                 outbox_->Add(ShiftTimes(std::move(batch), WallCorrection()));
               }
               SendBatches();
               absl::AnyInvocable<void()> then = std::move(seals_.front());
               seals_.pop_front();
               then();
               if (!seals_.empty() && !sealing_) {
                 NextSeal();
               }
               LeaveWhenDone();
             });
}

// Small changes of the estimate are none of the clocks: they would move samples to and fro.
absl::Duration Conductor::WallCorrection() {
  const std::optional<ClockSync::Estimate> best = session_.clock().best();
  if (best.has_value() && absl::AbsDuration(best->wall_offset - wall_correction_) >=
                              std::max(kWorthCorrecting, best->round_trip)) {
    wall_correction_ = best->wall_offset;
  }
  return wall_correction_;
}

void Conductor::SealEachSecond() {
  const MonoTime now = loop_.clock().Mono();
  loop_.Cancel(seal_timer_);
  seal_timer_ = loop_.At(NextBeat(t0_.value_or(now), kSealEvery, now), [this] {
    seal_timer_ = TimerId::kNone;
    if (drained_) {
      return;
    }
    if (!outbox_->full()) {  // otherwise the workers' aggregates grow on, and nothing is lost
      SealThen([] {});
    }
    SealEachSecond();
  });
}

void Conductor::SendBatches() {
  while (const Outbox::Item* item = outbox_->NextToSend()) {
    v1::BatchMessage message;
    message.set_run_id(run_id_);
    message.set_number(item->number);
    message.set_batch(item->encoded);
    session_.SendBatch(std::move(message));
    last_batch_sent_ = loop_.clock().Mono();
  }
  ResendLater();
}

void Conductor::ResendLater() {
  if (resend_timer_ != TimerId::kNone || outbox_->empty()) {
    return;
  }
  resend_timer_ = loop_.At(last_batch_sent_ + kResendAfter, [this] {
    resend_timer_ = TimerId::kNone;
    if (loop_.clock().Mono() - last_batch_sent_ >= kResendAfter) {
      Resend();
    }
    ResendLater();
  });
}

void Conductor::Resend() {
  outbox_->Rewind();
  SendBatches();
}

void Conductor::SendProgress() {
  v1::AgentMessage message;
  *message.mutable_progress() = Progress();
  Send(std::move(message));
  progress_timer_ = loop_.After(kProgressEvery, [this] { SendProgress(); });
}

v1::Progress Conductor::Progress() const {
  v1::Progress progress;
  if (engine_ == nullptr) {
    progress.set_vus_initialised(host_.vus_initialised());
    return progress;
  }
  EngineSnapshot snapshot = engine_->Snapshot();
  progress.set_vus_active(snapshot.vus_active);
  progress.set_vus_initialised(snapshot.vus_initialised);
  progress.set_start_lateness_ns(absl::ToInt64Nanoseconds(snapshot.start_lateness));
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    v1::ScenarioProgress& scenario = *progress.add_scenarios();
    scenario.set_name(part.name);
    scenario.set_state(part.state);
    scenario.set_vus(part.vus_active);
    scenario.set_started(part.iterations_started);
    scenario.set_full(part.iterations_full);
    scenario.set_interrupted(part.iterations_interrupted);
    scenario.set_dropped(part.iterations_dropped);
    scenario.set_max_vus(part.vus_max);
    scenario.set_allocated_vus(part.vus_allocated);
    scenario.set_planned(part.iterations_planned);
    scenario.set_progress(std::clamp(part.progress, 0.0, 1.0));
    scenario.set_rate_per_s(part.rate_per_s);
    scenario.set_max_lateness_ns(part.lateness.max_ns());
    scenario.set_elapsed_ns(absl::ToInt64Nanoseconds(part.elapsed));
  }
  AddHealth(snapshot, &progress);
  return progress;
}

void Conductor::AddHealth(const EngineSnapshot& snapshot, v1::Progress* progress) const {
  if (!measured_) {
    return;
  }
  v1::Health health = health_->Read();
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    MergeLag(part.lateness, health.mutable_lateness());
    health.set_starts_without_vu(health.starts_without_vu() + part.starts_without_vu);
  }
  health.set_starts_planned(static_cast<int64_t>(LagCount(health.lateness())) +
                            health.starts_without_vu());
  *progress->mutable_health() = std::move(health);
}

void Conductor::SendLog(bool all) {
  if (!session_.open()) {
    return;  // they wait for a session; the log is bounded
  }
  v1::AgentMessage message;
  while ((all || session_.unacknowledged_bytes() < kMostUnacknowledgedBytes) &&
         log_.Take(kLogLinesPerMessage, message.mutable_log_lines())) {
    const int64_t correction = absl::ToInt64Nanoseconds(WallCorrection());
    for (v1::LogLine& line : *message.mutable_log_lines()->mutable_lines()) {
      line.set_time_unix_ns(line.time_unix_ns() + correction);
    }
    session_.Send(run_id_, std::move(message));
    message.Clear();
  }
}

}  // namespace lockstep::agent
