#include "agent/exec/arrival_rate.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace lockstep::agent {

ArrivalRate::ArrivalRate(ExecutorContext context, ArrivalTimes times, WhenExhausted when_exhausted)
    : Executor(std::move(context)),
      times_(std::move(times)),
      when_exhausted_(when_exhausted),
      arrivals_(times_, context_.plan.iterations_segment) {}

ArrivalRate::~ArrivalRate() {
  loop().Cancel(timer_);
}

bool ArrivalRate::Slot::Next(MonoTime now, Iteration* iteration) {
  if (!next.has_value()) {
    return false;
  }
  *iteration = *next;
  next.reset();
  counters_.Started();
  counters_.Late(iteration->intended, now);
  return true;
}

void ArrivalRate::Start(MonoTime start) {
  start_ = start;
  for (int64_t i = 0; i < context_.plan.planned_vus; ++i) {
    ++awaited_;
    context_.vus.Request([this](Vu* vu) {
      --awaited_;
      Receive(vu);
    });
  }
  next_ = arrivals_.Next();
  Run();
}

void ArrivalRate::Run() {
  timer_ = TimerId::kNone;
  const MonoTime due = now();
  while (next_.has_value() && start_ + next_->at <= due) {
    StartOne(*next_);
    next_ = arrivals_.Next();
  }
  if (next_.has_value()) {
    timer_ = loop().At(start_ + next_->at, [this] { Run(); });
  } else if (when_exhausted_ == WhenExhausted::kFinish) {
    End();
  }
}

void ArrivalRate::StartOne(const SegmentArrivals::Start& start) {
  if (free_.empty()) {
    Drop(1, 0);
    HandleNoFreeVu();
    return;
  }
  Slot& slot = *free_.front();
  free_.pop_front();
  // Numbers count what runs, without holes for what was dropped, as scripts use them to pick their
  // data.
  const int64_t number = numbered_++;
  slot.next =
      Iteration{number, context_.plan.iterations_segment.Unscale(number), start_ + start.at};
  slot.vu->Activate({context_.scenario, &slot, [this, &slot] { OnIdle(slot); }});
}

void ArrivalRate::HandleNoFreeVu() {
  if (initialising_) {
    return;
  }
  if (slots_held_ + awaited_ >= context_.plan.max_vus) {
    if (!std::exchange(warned_, true)) {
      context_.logger.Log(
          LogLevel::kWarn,
          absl::StrFormat("Insufficient VUs, reached %d active VUs and cannot initialize more",
                          slots_held_),
          {{"executor", ExecutorTypeName(context_.config.executor)},
           {"scenario", context_.config.name}});
    }
    return;
  }
  initialising_ = true;
  context_.vus.InitialiseOne([this](Vu* vu) {
    initialising_ = false;
    if (vu != nullptr) {
      Receive(vu);
    } else {
      context_.logger.Error("scenario " + context_.config.name +
                            ": a further VU could not be initialised");
    }
    context_.changed();
  });
}

void ArrivalRate::Receive(Vu* vu) {
  if (ended_) {
    context_.vus.Give(vu);
    return;
  }
  ++slots_held_;
  slots_.push_back(std::make_unique<Slot>(vu, context_.counters));
  free_.push_back(slots_.back().get());
}

void ArrivalRate::OnIdle(Slot& slot) {
  if (slot.next.has_value()) {  // interrupted before it began
    slot.next.reset();
    Drop(1, 0);
  }
  if (ended_) {
    Release(slot);
  } else {
    free_.push_back(&slot);
  }
}

void ArrivalRate::EndStarts(EndOfStarts why) {
  loop().Cancel(std::exchange(timer_, TimerId::kNone));
  if (why == EndOfStarts::kTimeIsUp && !ended_) {
    Run();  // what is due at this very instant
  }
  loop().Cancel(std::exchange(timer_, TimerId::kNone));
  End();
}

void ArrivalRate::End() {
  if (std::exchange(ended_, true)) {
    return;
  }
  while (!free_.empty()) {
    Slot& slot = *free_.front();
    free_.pop_front();
    Release(slot);
  }
  context_.changed();
}

void ArrivalRate::Release(Slot& slot) {
  --slots_held_;
  context_.vus.Give(std::exchange(slot.vu, nullptr));
  context_.changed();
}

void ArrivalRate::Interrupt() {
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->vu != nullptr) {
      slot->vu->Interrupt();
    }
  }
}

}  // namespace lockstep::agent
