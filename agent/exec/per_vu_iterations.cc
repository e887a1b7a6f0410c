#include "agent/exec/per_vu_iterations.h"

namespace lockstep::agent {

bool PerVuIterations::Source::Next(MonoTime now, Iteration* iteration) {
  const int64_t left = left_.load(std::memory_order_relaxed);
  if (left == 0 || !gate_->Enter(now, iteration)) {
    return false;
  }
  left_.store(left - 1, std::memory_order_relaxed);
  return true;
}

PerVuIterations::PerVuIterations(ExecutorContext context, const PerVuIterationsConfig& config)
    : LoopingExecutor(std::move(context), Limit::kNone) {
  for (int64_t i = 0; i < context_.plan.planned_vus; ++i) {
    sources_.push_back(std::make_shared<Source>(gate(), config.iterations));
  }
}

std::shared_ptr<IterationSource> PerVuIterations::SourceFor(size_t index, const LentVu& vu) {
  sources_[index]->set_vu(vu.id_in_test());
  return sources_[index];
}

void PerVuIterations::Settle() {
  for (const std::shared_ptr<Source>& source : sources_) {
    if (source->left() > 0) {
      Drop(source->left(), source->vu());
    }
  }
}

}  // namespace lockstep::agent
