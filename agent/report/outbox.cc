#include "agent/report/outbox.h"

#include <utility>

namespace lockstep::agent {

void Outbox::Add(std::string encoded) {
  bytes_ += encoded.size();
  items_.push_back({.number = next_++, .encoded = std::move(encoded)});
}

const Outbox::Item* Outbox::NextToSend() {
  return sent_ < items_.size() ? &items_[sent_++] : nullptr;
}

void Outbox::Acknowledge(uint64_t number) {
  while (!items_.empty() && items_.front().number <= number) {
    bytes_ -= items_.front().encoded.size();
    items_.pop_front();
    if (sent_ > 0) {
      --sent_;
    }
  }
}

}  // namespace lockstep::agent
