#include "agent/exec/constant_vus.h"

#include <utility>

namespace lockstep::agent {

ConstantVus::ConstantVus(ExecutorContext context)
    : Executor(std::move(context)),
      gate_(std::make_shared<IterationGate>(context_.numbering(), -1, context_.counters,
                                            context_.first_number)),
      handles_(context_, gate_) {}

void ConstantVus::Start(MonoTime start) {
  gate_->Open(start + context_.plan.regular_duration);
  handles_.Want(context_.plan.planned_vus, now());
}

void ConstantVus::EndStarts(EndOfStarts /*why*/) {
  ended_ = true;
  handles_.End();
}

void ConstantVus::Redivide(absl::Duration /*offset*/) {
  if (!ended_) {
    handles_.Want(context_.plan.planned_vus, now() + context_.config.graceful_stop);
  }
}

}  // namespace lockstep::agent
