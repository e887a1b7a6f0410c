// shared-iterations: a pool of iterations that the VUs take from until it is empty or maxDuration
// is over.
#pragma once

#include "agent/exec/looping_executor.h"

namespace lockstep::agent {

class SharedIterations final : public LoopingExecutor {
 public:
  explicit SharedIterations(ExecutorContext context);
  // What is left in the pool was dropped; reported once.
  void Settle() override;

 protected:
  IterationSource& SourceFor(int64_t, const Vu&) override { return source_; }

 private:
  SharedSource source_;
};

}  // namespace lockstep::agent
