#include "agent/exec/looping_executor.h"

#include <utility>
#include <vector>

namespace lockstep::agent {

bool IterationGate::Enter(MonoTime now, Iteration* iteration) {
  if (closed_at(now)) {
    return false;
  }
  const int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
  if (limit_ >= 0 && number >= limit_) {
    return false;
  }
  counters_.Started();
  *iteration = {number, first_ + segment_.Unscale(number), MonoTime()};
  return true;
}

LoopingExecutor::LoopingExecutor(ExecutorContext context, Limit limit)
    : Executor(std::move(context)),
      gate_(context_.plan.iterations_segment,
            limit == Limit::kPlanned ? context_.plan.iterations : -1, context_.counters) {}

void LoopingExecutor::Start(MonoTime start) {
  gate_.Open(start + context_.plan.regular_duration);
  started_ = true;
  awaited_ = context_.plan.planned_vus;
  for (int64_t index = 0; index < context_.plan.planned_vus; ++index) {
    context_.vus.Request([this, index](Vu* vu) { Receive(index, vu); });
  }
}

void LoopingExecutor::Receive(int64_t index, Vu* vu) {
  --awaited_;
  if (ended_ || gate_.exhausted()) {
    context_.vus.Give(vu);
    return;
  }
  active_.insert(vu);
  vu->Activate({context_.scenario, &SourceFor(index, *vu), [this, vu] {
                  active_.erase(vu);
                  context_.vus.Give(vu);
                  context_.changed();
                }});
}

void LoopingExecutor::EndStarts(EndOfStarts /*why*/) {
  ended_ = true;
  gate_.Close();
}

void LoopingExecutor::Interrupt() {
  const std::vector<Vu*> active(active_.begin(), active_.end());
  for (Vu* vu : active) {
    vu->Interrupt();
  }
}

bool LoopingExecutor::finished() const {
  return started_ && active_.empty() && (ended_ || awaited_ == 0 || gate_.exhausted());
}

}  // namespace lockstep::agent
