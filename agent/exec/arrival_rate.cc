#include "agent/exec/arrival_rate.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace lockstep::agent {
namespace {

// How far ahead of their time starts are handed to their workers: longer than the conductor has to
// wait for a busy processor as a rule.
constexpr absl::Duration kLead = absl::Milliseconds(10);

}  // namespace

ArrivalRate::ArrivalRate(ExecutorContext context, WhenExhausted when_exhausted)
    : Executor(std::move(context)),
      when_exhausted_(when_exhausted),
      arrivals_(*context_.plan.arrivals, context_.plan.iterations_segment) {}

ArrivalRate::~ArrivalRate() {
  for (const std::unique_ptr<Slot>& slot : slots_) {
    slot->offer->Withdraw();
  }
}

bool ArrivalRate::Offer::Next(MonoTime now, Iteration* iteration) {
  Turn offered = Turn::kOffered;
  if (!turn_.compare_exchange_strong(offered, Turn::kTaken)) {
    return false;
  }
  *iteration = iteration_;
  counters_->Started();
  counters_->Late(iteration->intended, now);
  return true;
}

void ArrivalRate::Offer::Make(const Iteration& iteration) {
  iteration_ = iteration;
  turn_.store(Turn::kOffered);
}

bool ArrivalRate::Offer::Withdraw() {
  Turn offered = Turn::kOffered;
  return turn_.compare_exchange_strong(offered, Turn::kWithdrawn);
}

void ArrivalRate::Start(MonoTime start) {
  start_ = start;
  numbers_ = context_.plan.iterations_segment;
  arrivals_ = SegmentArrivals(*context_.plan.arrivals, numbers_);
  RequestVus();
  next_ = arrivals_.Next();
  Run();
}

void ArrivalRate::RequestVus() {
  while (slots_held_ + awaited_ < context_.plan.planned_vus) {
    ++awaited_;
    context_.vus.Request([this](LentVu vu) {
      --awaited_;
      Receive(std::move(vu));
    });
  }
}

void ArrivalRate::Run() {
  timer_.Cancel();
  short_of_vus_ = false;
  const MonoTime due = now();
  for (; next_.has_value() && !Held() && start_ + next_->at <= due + kLead;
       next_ = arrivals_.Next()) {
    if (!free_.empty()) {
      HandOut(*next_);
    } else if (start_ + next_->at <= due) {
      last_handed_ = next_->at;
      ++starts_without_vu_;
      Drop(1, 0);
      HandleNoFreeVu();
    } else {
      short_of_vus_ = true;
      break;
    }
  }
  if (Held()) {
    return;
  }
  if (next_.has_value()) {
    // With half of the lead left, several starts are handed out in one go.
    const absl::Duration ahead = short_of_vus_ ? absl::ZeroDuration() : kLead / 2;
    timer_.At(start_ + next_->at - ahead, [this] { Run(); });
  } else if (when_exhausted_ == WhenExhausted::kFinish && !context_.moves) {
    End();
  }
}

void ArrivalRate::HandOut(const SegmentArrivals::Start& start) {
  // Longest idle first, but not behind another VU's init code if that can be helped.
  auto next = std::find_if(free_.begin(), free_.end(),
                           [](const Slot* candidate) { return candidate->vu.prompt(); });
  next = next == free_.end() ? free_.begin() : next;
  Slot& slot = **next;
  free_.erase(next);
  // Numbers count what runs, without holes for what was dropped, as scripts use them to pick their
  // data.
  const int64_t in_test = first_number_ + numbers_.Unscale(numbered_++);
  last_handed_ = start.at;
  slot.offer->Make({numbered_in_instance_++, in_test, start_ + start.at});
  slot.vu.Activate([this, &slot] { OnIdle(slot); }, slot.offer->intended());
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
  context_.vus.InitialiseOne([this](LentVu vu) {
    initialising_ = false;
    if (vu) {
      Receive(std::move(vu));
    } else {
      context_.logger.Error("scenario " + context_.config.name +
                            ": a further VU could not be initialised");
    }
    context_.changed();
  });
}

void ArrivalRate::Receive(LentVu vu) {
  if (ended_ || slots_held_ >= context_.plan.max_vus) {
    return;
  }
  ++slots_held_;
  const auto offer = std::make_shared<Offer>(context_.counters);
  vu.WorkOn(context_.scenario, offer);
  slots_.push_back(std::make_unique<Slot>(Slot{std::move(vu), offer}));
  OnFree(*slots_.back());
}

void ArrivalRate::OnIdle(Slot& slot) {
  if (slot.offer->TakeBack()) {  // interrupted before it began
    Drop(1, 0);
  }
  if (ended_ || slots_held_ > context_.plan.max_vus) {
    Release(slot);
  } else {
    OnFree(slot);
  }
}

void ArrivalRate::OnFree(Slot& slot) {
  free_.push_back(&slot);
  if (short_of_vus_) {
    Run();
  }
}

bool ArrivalRate::HoldFrom(absl::Duration offset) {
  if (last_handed_.has_value() && *last_handed_ >= offset) {
    return false;
  }
  hold_ = offset;
  if (!ended_ && next_.has_value()) {
    Run();
    EndInTime();
  }
  return true;
}

void ArrivalRate::SetFence(MonoTime until) {
  fence_ = until;
  if (!ended_ && next_.has_value()) {
    Run();
    EndInTime();
  }
}

void ArrivalRate::Redivide(absl::Duration offset) {
  if (ended_) {
    return;
  }
  // What is left of the old part is ours alone, whatever has kept it.
  const MonoTime fence = std::exchange(fence_, MonoTime::Infinite());
  hold_ = offset;
  Run();
  fence_ = fence;
  hold_ = absl::InfiniteDuration();
  first_number_ = context_.plan.arrivals->CountBefore(offset);
  numbered_ = 0;
  numbers_ = context_.plan.iterations_segment;
  arrivals_ = SegmentArrivals(*context_.plan.arrivals, numbers_, first_number_);
  next_ = arrivals_.Next();
  while (slots_held_ > context_.plan.max_vus && !free_.empty()) {
    Slot& slot = *free_.back();
    free_.pop_back();
    Release(slot);
  }
  RequestVus();
  Run();
  EndInTime();
}

void ArrivalRate::EndInTime() {
  if (time_is_up_ && !Held()) {
    timer_.Cancel();
    End();
  }
}

void ArrivalRate::WithdrawAfter(MonoTime now) {
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->vu && slot->offer->intended() > now) {
      slot->offer->Withdraw();
    }
  }
}

void ArrivalRate::EndStarts(EndOfStarts why) {
  timer_.Cancel();
  if (why == EndOfStarts::kStopped) {
    WithdrawAfter(now());
    End();
    return;
  }
  time_is_up_ = true;
  if (!ended_) {
    Run();  // what is due at this very instant
  }
  EndInTime();
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
  slot.vu.GiveBack();
  context_.changed();
}

void ArrivalRate::Interrupt() {
  for (; !ended_ && next_.has_value(); next_ = arrivals_.Next()) {
    Drop(1, 0);  // held until now
  }
  End();
  for (const std::unique_ptr<Slot>& slot : slots_) {
    slot->vu.Interrupt();
  }
}

}  // namespace lockstep::agent
