#include "agent/exec/shared_iterations.h"

#include <utility>

namespace lockstep::agent {

SharedIterations::SharedIterations(ExecutorContext context)
    : LoopingExecutor(std::move(context), Limit::kPlanned),
      source_(std::make_shared<SharedSource>(gate())) {}

void SharedIterations::Settle() {
  const int64_t left = context_.plan.iterations - context_.counters->started();
  if (left > 0) {
    Drop(left, 0);
  }
}

}  // namespace lockstep::agent
