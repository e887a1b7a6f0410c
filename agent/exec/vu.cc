#include "agent/exec/vu.h"

#include "common/base/check.h"

namespace lockstep::agent {

void Vu::BecameIdle() {
  at_work_ = false;
  if (pool_->closed()) {
    return;
  }
  if (lent_) {
    std::exchange(on_idle_, nullptr)();
  } else {  // given back while it was at work
    source_.reset();
    pool_->Pass(*this);
  }
}

LentVu& LentVu::operator=(LentVu&& other) noexcept {
  if (this != &other) {
    GiveBack();
    pool_ = std::move(other.pool_);
    vu_ = std::exchange(other.vu_, nullptr);
  }
  return *this;
}

void LentVu::WorkOn(size_t scenario, std::shared_ptr<IterationSource> source) {
  if (over()) {
    return;
  }
  LOCKSTEP_CHECK(!vu_->at_work_);
  vu_->scenario_ = scenario;
  vu_->source_ = std::move(source);
}

void LentVu::Activate(absl::AnyInvocable<void()> on_idle, MonoTime not_before) {
  if (over()) {
    return;
  }
  LOCKSTEP_CHECK(!vu_->at_work_ && vu_->source_ != nullptr);
  vu_->at_work_ = true;
  vu_->on_idle_ = std::move(on_idle);
  vu_->Start(not_before);
}

void LentVu::Interrupt() {
  if (!over() && vu_->at_work_) {
    vu_->Interrupt();
  }
}

void LentVu::GiveBack() {
  const bool was_over = over();
  Vu* const vu = std::exchange(vu_, nullptr);
  const std::shared_ptr<VuPool*> pool = std::move(pool_);
  if (!was_over) {
    (*pool)->TakeBack(*vu);
  }
}

int64_t LentVu::id_in_instance() const {
  return over() ? 0 : vu_->id_in_instance();
}

int64_t LentVu::id_in_test() const {
  return over() ? 0 : vu_->id_in_test();
}

bool LentVu::prompt() const {
  return over() || vu_->prompt();
}

LentVu VuPool::Take() {
  if (free_.empty()) {
    return LentVu();
  }
  Vu& vu = *free_.front();
  free_.pop_front();
  return Lend(vu);
}

void VuPool::Request(Receiver receiver) {
  LentVu vu = waiting_.empty() ? Take() : LentVu();
  if (vu) {
    receiver(std::move(vu));
  } else {
    waiting_.push_back(std::move(receiver));
  }
}

void VuPool::Add(Vu& vu) {
  vu.pool_ = this;
  Pass(vu);
}

LentVu VuPool::AddLent(Vu& vu) {
  vu.pool_ = this;
  return Lend(vu);
}

void VuPool::Close() {
  *here_ = nullptr;
  free_.clear();
  passing_.clear();
  waiting_.clear();
}

LentVu VuPool::Lend(Vu& vu) {
  vu.lent_ = true;
  return LentVu(here_, vu);
}

void VuPool::TakeBack(Vu& vu) {
  vu.lent_ = false;
  vu.on_idle_ = nullptr;
  if (vu.at_work_) {
    vu.Interrupt();
  } else {
    vu.source_.reset();
    Pass(vu);
  }
}

void VuPool::Pass(Vu& vu) {
  passing_.push_back(&vu);
  if (std::exchange(passes_, true)) {
    return;  // a receiver no longer needed it; the loop below goes on
  }
  const std::shared_ptr<VuPool*> here = here_;
  while (*here != nullptr && !passing_.empty()) {
    Vu& next = *passing_.front();
    passing_.pop_front();
    if (waiting_.empty()) {
      free_.push_back(&next);
      continue;
    }
    Receiver receiver = std::move(waiting_.front());
    waiting_.pop_front();
    receiver(Lend(next));
  }
  if (*here != nullptr) {
    passes_ = false;
  }
}

void VuRequests::Request(VuPool::Receiver receiver) {
  if (*pool_ != nullptr) {
    (*pool_)->Request(WhileHere(std::move(receiver)));
  }
}

void VuRequests::InitialiseOne(VuPool::Receiver done) {
  if (*pool_ != nullptr) {
    (*pool_)->InitialiseOne(WhileHere(std::move(done)));
  }
}

VuPool::Receiver VuRequests::WhileHere(VuPool::Receiver receiver) const {
  return [here = std::weak_ptr<bool>(here_), receiver = std::move(receiver)](LentVu vu) mutable {
    if (!here.expired()) {
      receiver(std::move(vu));
    }
  };
}

}  // namespace lockstep::agent
