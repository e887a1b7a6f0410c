// constant-vus: each VU runs one iteration after another until the duration is over.
#pragma once

#include <utility>

#include "agent/exec/looping_executor.h"

namespace lockstep::agent {

class ConstantVus final : public LoopingExecutor {
 public:
  explicit ConstantVus(ExecutorContext context)
      : LoopingExecutor(std::move(context), Limit::kNone), source_(gate()) {}

 protected:
  IterationSource& SourceFor(int64_t, const Vu&) override { return source_; }

 private:
  SharedSource source_;
};

}  // namespace lockstep::agent
