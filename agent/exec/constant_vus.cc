#include "agent/exec/constant_vus.h"

namespace lockstep::agent {

void ConstantVus::Start(MonoTime start) {
  Open(start);
  handles().Want(context_.plan.planned_vus, now());
}

void ConstantVus::Redivide(absl::Duration /*offset*/) {
  if (!ended()) {
    handles().Want(context_.plan.planned_vus, now() + context_.config.graceful_stop);
  }
}

}  // namespace lockstep::agent
