#include "agent/exec/looping_executor.h"

#include <utility>

namespace lockstep::agent {

bool IterationGate::Enter(MonoTime now, Iteration* iteration) {
  if (closed_at(now)) {
    return false;
  }
  const int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
  if (limit_ >= 0 && number >= limit_) {
    return false;
  }
  counters_->Started();
  *iteration = {number, first_ + segment_.Unscale(number), MonoTime()};
  return true;
}

LoopingExecutor::LoopingExecutor(ExecutorContext context, Limit limit)
    : Executor(std::move(context)),
      gate_(std::make_shared<IterationGate>(
          context_.plan.iterations_segment,
          limit == Limit::kPlanned ? context_.plan.iterations : -1, context_.counters)) {}

void LoopingExecutor::Start(MonoTime start) {
  gate_->Open(start + context_.plan.regular_duration);
  started_ = true;
  awaited_ = context_.plan.planned_vus;
  vus_.resize(static_cast<size_t>(awaited_));
  for (size_t index = 0; index < vus_.size(); ++index) {
    context_.vus.Request([this, index](LentVu vu) { Receive(index, std::move(vu)); });
  }
}

void LoopingExecutor::Receive(size_t index, LentVu vu) {
  --awaited_;
  if (ended_ || gate_->exhausted()) {
    return;
  }
  ++active_;
  vu.WorkOn(context_.scenario, SourceFor(index, vu));
  vus_[index] = std::move(vu);
  vus_[index].Activate([this, index] {
    --active_;
    vus_[index].GiveBack();
    context_.changed();
  });
}

void LoopingExecutor::EndStarts(EndOfStarts /*why*/) {
  ended_ = true;
  gate_->Close();
}

void LoopingExecutor::Interrupt() {
  for (LentVu& vu : vus_) {
    vu.Interrupt();
  }
}

bool LoopingExecutor::finished() const {
  return started_ && active_ == 0 && (ended_ || awaited_ == 0 || gate_->exhausted());
}

}  // namespace lockstep::agent
