#include "agent/exec/per_vu_iterations.h"

#include <utility>

namespace lockstep::agent {

bool PerVuIterations::Source::Next(MonoTime now, Iteration* iteration) {
  const int64_t left = left_.load(std::memory_order_relaxed);
  if (left == 0 || !gate_.Enter(now, iteration)) {
    return false;
  }
  left_.store(left - 1, std::memory_order_relaxed);
  return true;
}

PerVuIterations::PerVuIterations(ExecutorContext context, const PerVuIterationsConfig& config)
    : LoopingExecutor(std::move(context), Limit::kNone) {
  for (int64_t i = 0; i < context_.plan.planned_vus; ++i) {
    sources_.push_back(std::make_unique<Source>(gate(), config.iterations));
  }
}

IterationSource& PerVuIterations::SourceFor(int64_t index, const Vu& vu) {
  Source& source = *sources_[static_cast<size_t>(index)];
  source.set_vu(vu.id_in_test());
  return source;
}

void PerVuIterations::Settle() {
  for (const std::unique_ptr<Source>& source : sources_) {
    if (source->left() > 0) {
      Drop(source->left(), source->vu());
    }
  }
}

}  // namespace lockstep::agent
