#include "agent/js/fibre_pool.h"

#include <utility>

#include "common/base/check.h"

namespace lockstep::agent {

LentFibre::LentFibre(FibreKind kind, size_t stack_bytes, Fibre::Body& on_end)
    : fibre_(Fibre::Make(kind, stack_bytes, [this, &on_end] { Run(on_end); })) {}

LentFibre::~LentFibre() {
  LOCKSTEP_CHECK(idle_);
  fibre_->Resume();  // without work: it returns
}

void LentFibre::Run(Fibre::Body& on_end) {
  while (work_) {
    std::exchange(work_, nullptr)();
    idle_ = true;
    fibre_->Park();
  }
  on_end();
}

FibrePool::FibrePool(FibreKind kind, size_t stack_bytes, Fibre::Body on_end)
    : kind_(kind), stack_bytes_(stack_bytes), on_end_(std::move(on_end)) {}

FibrePool::~FibrePool() {
  LOCKSTEP_CHECK(idle_.size() == size_);
}

std::unique_ptr<LentFibre> FibrePool::Lend(Fibre::Body work) {
  std::unique_ptr<LentFibre> fibre;
  if (idle_.empty()) {
    fibre = std::make_unique<LentFibre>(kind_, stack_bytes_, on_end_);
    ++size_;
  } else {
    fibre = std::move(idle_.back());
    idle_.pop_back();
  }
  fibre->work_ = std::move(work);
  fibre->idle_ = false;
  return fibre;
}

void FibrePool::Return(std::unique_ptr<LentFibre> fibre) {
  LOCKSTEP_CHECK(fibre->idle());
  idle_.push_back(std::move(fibre));
}

}  // namespace lockstep::agent
