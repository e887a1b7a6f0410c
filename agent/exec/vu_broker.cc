#include "agent/exec/vu_broker.h"

#include <utility>

namespace lockstep::agent {

void VuBroker::Request(Receiver receiver) {
  Vu* vu = waiting_.empty() ? pool_.Take() : nullptr;
  if (vu != nullptr) {
    receiver(vu);
  } else {
    waiting_.push_back(std::move(receiver));
  }
}

void VuBroker::Give(Vu* vu) {
  if (waiting_.empty()) {
    pool_.Give(vu);
    return;
  }
  Receiver receiver = std::move(waiting_.front());
  waiting_.pop_front();
  receiver(vu);
}

}  // namespace lockstep::agent
