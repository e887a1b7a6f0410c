#include "agent/exec/leased_vus.h"

#include <algorithm>
#include <set>

#include "agent/exec/lease_size.h"

namespace lockstep::agent {
namespace {

constexpr int64_t kLeastVuAhead = 2;

}  // namespace

void LeasedVusGate::NoteLow(int64_t vu) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    first = low_vus_.empty();
    low_vus_.push_back(vu);
  }
  if (first) {
    low_();
  }
}

std::vector<int64_t> LeasedVusGate::TakeLow() {
  MutexLock lock(mutex_);
  return std::exchange(low_vus_, {});
}

bool LeasedVus::Source::Next(MonoTime now, Iteration* iteration) {
  const int64_t number = next();
  const int64_t end = this->end();
  if (number >= end || !open_.load(std::memory_order_relaxed) || !gate_->Enter(now, iteration)) {
    return false;
  }
  iteration->in_test = vu_ + vus_ * number;
  next_.store(number + 1, std::memory_order_relaxed);
  if (end - number - 1 <= low_at_.load(std::memory_order_relaxed)) {
    low_at_.store(-1, std::memory_order_relaxed);
    gate_->NoteLow(vu_);
  }
  return true;
}

void LeasedVus::Source::Extend(int64_t end) {
  low_at_.store((end - next()) / 2, std::memory_order_relaxed);
  end_.store(end, std::memory_order_relaxed);
}

LeasedVus::LeasedVus(ExecutorContext context, const PerVuIterationsConfig& config)
    : Executor(std::move(context)),
      vus_(config.vus),
      iterations_(config.iterations),
      gate_(std::make_shared<LeasedVusGate>(
          context_.counters, [loop = &context_.loop, self = std::weak_ptr<LeasedVus*>(self_)] {
            loop->Post([self] {
              if (const auto alive = self.lock(); alive != nullptr) {
                (*alive)->AskForLow();
              }
            });
          })) {}

LeasedVus::~LeasedVus() {
  gate_->Close();
  for (const auto& [vu, share] : shares_) {
    loop().Cancel(share.deadline);
  }
}

void LeasedVus::Prepare() {
  FollowPlan();
  SendSoon();  // without a VU of its own, it wants to know of the end
}

void LeasedVus::Start(MonoTime start) {
  gate_->Open(start + context_.plan.regular_duration);
  started_ = true;
  FollowPlan();
  ForEach([this](int64_t vu, Share& share) { RequestVu(vu, share); });
}

void LeasedVus::Redivide(absl::Duration /*offset*/) {
  if (!ended_) {
    FollowPlan();
  }
}

void LeasedVus::FollowPlan() {
  std::set<int64_t> ours;
  for (int64_t i = 0; i < context_.plan.planned_vus; ++i) {
    ours.insert(context_.plan.iterations_segment.Unscale(i));
  }
  ForEach([&](int64_t vu, Share& share) {
    if (!ours.contains(vu)) {
      LetGo(vu, share);
    }
  });
  for (const int64_t vu : ours) {
    Want(vu, shares_[vu]);
  }
}

void LeasedVus::ForEach(absl::FunctionRef<void(int64_t, Share&)> visit) {
  std::vector<int64_t> vus;
  for (const auto& [vu, share] : shares_) {
    vus.push_back(vu);
  }
  for (const int64_t vu : vus) {
    if (const auto found = shares_.find(vu); found != shares_.end()) {
      visit(vu, found->second);
    }
  }
}

void LeasedVus::Want(int64_t vu, Share& share) {
  if (share.source == nullptr) {
    share.source = std::make_shared<Source>(gate_, vu, vus_);
    Ask(vu, share);
  } else if (!std::exchange(share.ours, true)) {
    share.source->SetOpen(true);
    loop().Cancel(std::exchange(share.deadline, TimerId::kNone));
  }
}

void LeasedVus::LetGo(int64_t vu, Share& share) {
  if (!std::exchange(share.ours, false)) {
    return;
  }
  share.source->SetOpen(false);
  if (!share.iterating) {
    GoOn(vu);
  } else {
    share.deadline = loop().At(now() + context_.config.graceful_stop, [&share] {
      share.deadline = TimerId::kNone;
      share.vu.Interrupt();
    });
  }
}

// As many as will begin in the time ahead at the speed since the last time, and one more than it
// has at least: so there is always something to answer.
void LeasedVus::Ask(int64_t vu, Share& share) {
  const int64_t begun = share.source->next();
  const int64_t ahead = IterationsAhead(begun - share.begun_when_asked, now() - share.asked);
  share.asked = now();
  share.begun_when_asked = begun;
  v1::VuIterationsWanted::Vu& line = Say(vu);
  if (share.leased) {
    line.set_next(begun);
  }
  line.set_wanted(std::max({kLeastVuAhead, ahead, share.source->end() - begun + 1}));
  share.open_ask = line.ask();
}

void LeasedVus::AskForLow() {
  for (const int64_t vu : gate_->TakeLow()) {
    const auto found = shares_.find(vu);
    if (found == shares_.end() || ended_) {
      continue;
    }
    Share& share = found->second;
    if (share.leased && share.ours && share.open_ask == 0 && share.source->end() < iterations_) {
      Ask(vu, share);
    }
  }
}

void LeasedVus::LeaseVus(const v1::VuIterationsLeased& leased) {
  for (const v1::VuIterationsLeased::Vu& vu : leased.vus()) {
    Answer(vu);
  }
  if (leased.over() && !ended_) {
    ended_ = true;
    gate_->Close();
  }
  context_.changed();
}

void LeasedVus::Answer(const v1::VuIterationsLeased::Vu& leased) {
  const auto found = shares_.find(leased.vu());
  if (found == shares_.end() || found->second.open_ask != leased.ask()) {
    return;  // what we have said since then has taken it back
  }
  Share& share = found->second;
  share.open_ask = 0;
  const int64_t count = leased.end() - leased.first();
  granted_ += count;
  if (!share.leased && (time_is_up_ || count == 0)) {
    if (count > 0) {
      unbegun_.emplace_back(0, count);
    }
    shares_.erase(found);
    return;
  }
  if (!std::exchange(share.leased, true)) {
    share.source->Begin(leased.first());
    share.begun_when_asked = leased.first();
  }
  share.source->Extend(leased.end());
  if (share.vu && !share.iterating) {
    GoOn(leased.vu());
  } else {
    RequestVu(leased.vu(), share);
  }
}

void LeasedVus::RequestVu(int64_t vu, Share& share) {
  if (started_ && share.leased && !share.vu && !std::exchange(share.requested, true)) {
    context_.vus.Request([this, vu](LentVu lent) { Receive(vu, std::move(lent)); });
  }
}

void LeasedVus::Receive(int64_t vu, LentVu lent) {
  const auto found = shares_.find(vu);
  if (found == shares_.end() || !found->second.requested) {
    return;
  }
  Share& share = found->second;
  share.requested = false;
  share.vu = std::move(lent);
  share.id_in_test = share.vu.id_in_test();
  share.vu.WorkOn(context_.scenario, share.source);
  ++active_;
  GoOn(vu);
}

void LeasedVus::GoOn(int64_t vu) {
  Share& share = shares_.at(vu);
  const int64_t next = share.source->next();
  if (share.leased && time_is_up_ && next < iterations_) {
    DropRest(vu, share);
    End(vu);
  } else if (ended_ || !share.ours || (share.leased && next == iterations_)) {
    v1::VuIterationsWanted::Vu& line = Say(vu);
    if (share.leased) {
      line.set_next(next);
      granted_ -= share.source->end() - next;
    }
    End(vu);
  } else if (share.vu && next < share.source->end()) {
    share.iterating = true;
    share.vu.Activate([this, vu] {
      shares_.at(vu).iterating = false;
      GoOn(vu);
    });
  } else if (share.leased && next == share.source->end() && share.open_ask == 0) {
    Ask(vu, share);
  }
}

void LeasedVus::DropRest(int64_t vu, const Share& share) {
  const int64_t next = share.source->next();
  unbegun_.emplace_back(share.id_in_test, iterations_ - next);
  granted_ += iterations_ - share.source->end();
  v1::VuIterationsWanted::Vu& line = Say(vu);
  line.set_next(next);
  line.set_over(true);
}

void LeasedVus::End(int64_t vu) {
  const auto found = shares_.find(vu);
  loop().Cancel(found->second.deadline);
  active_ -= found->second.vu ? 1 : 0;
  shares_.erase(found);
  context_.changed();
}

void LeasedVus::EndStarts(EndOfStarts why) {
  if (ended_) {
    return;
  }
  ended_ = true;
  time_is_up_ = why == EndOfStarts::kTimeIsUp;
  gate_->Close();
  // What nobody has by now, as its agent is gone, one of those who ask drops.
  for (int64_t vu = 0; time_is_up_ && vu < vus_; ++vu) {
    Share& share = shares_[vu];
    if (share.source == nullptr) {
      share.source = std::make_shared<Source>(gate_, vu, vus_);
    }
  }
  ForEach([this](int64_t vu, Share& share) {
    if (share.iterating) {
      return;
    }
    if (share.leased || !time_is_up_) {
      GoOn(vu);
    } else {
      v1::VuIterationsWanted::Vu& line = Say(vu);
      line.set_over(true);
      share.open_ask = line.ask();
    }
  });
  context_.changed();
}

void LeasedVus::StopWaiting() {
  if (!ended_) {
    return;
  }
  time_is_up_ = false;
  ForEach([this](int64_t vu, const Share& share) {
    if (!share.leased) {
      GoOn(vu);
    }
  });
}

void LeasedVus::Interrupt() {
  for (auto& [vu, share] : shares_) {
    share.vu.Interrupt();
  }
}

void LeasedVus::Settle() {
  std::sort(unbegun_.begin(), unbegun_.end());
  for (const auto& [id_in_test, count] : unbegun_) {
    Drop(count, id_in_test);
  }
}

v1::VuIterationsWanted::Vu& LeasedVus::Say(int64_t vu) {
  SendSoon();
  v1::VuIterationsWanted::Vu& line = *message_.add_vus();
  line.set_vu(vu);
  line.set_ask(++asks_);
  return line;
}

void LeasedVus::SendSoon() {
  if (message_timer_.set()) {
    return;
  }
  message_timer_.At(now(), [this] {
    message_.set_scenario(context_.config.name);
    context_.events.OnVusWanted(std::exchange(message_, {}));
    context_.changed();
  });
}

}  // namespace lockstep::agent
