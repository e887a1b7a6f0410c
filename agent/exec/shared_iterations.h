// shared-iterations: a pool of iterations that the VUs take from until it is empty or maxDuration
// is over.
#pragma once

#include <memory>

#include "agent/exec/looping_executor.h"

namespace lockstep::agent {

class SharedIterations final : public LoopingExecutor {
 public:
  explicit SharedIterations(ExecutorContext context);
  // What is left in the pool was dropped; reported once.
  void Settle() override;

 protected:
  std::shared_ptr<IterationSource> SourceFor(size_t, const LentVu&) override { return source_; }

 private:
  const std::shared_ptr<SharedSource> source_;
};

}  // namespace lockstep::agent
