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
  returned_.push_back(vu);
  if (std::exchange(giving_, true)) {
    return;  // a receiver no longer needed it; the loop below goes on
  }
  while (!returned_.empty()) {
    Vu* next = returned_.front();
    returned_.pop_front();
    if (waiting_.empty()) {
      pool_.Give(next);
      continue;
    }
    Receiver receiver = std::move(waiting_.front());
    waiting_.pop_front();
    receiver(next);
  }
  giving_ = false;
}

}  // namespace lockstep::agent
