// Both ends of a numbered, acknowledged stream of messages that survives broken connections: what
// was sent and not yet acknowledged is kept and can be sent again; what arrives twice is told from
// what is new. Numbers count from 1. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace lockstep {

// The sender's copies. Its user keeps it bounded: see size().
template <class Message>
class SendWindow {
 public:
  SendWindow() = default;
  // As it was when `last` messages had been pushed and these were not yet acknowledged.
  SendWindow(uint64_t last, std::deque<Message> unacknowledged)
      : last_(last),
        unacknowledged_(std::move(unacknowledged)),
        sizes_(unacknowledged_.size(), 0) {}
  // The number that the next Push will take.
  uint64_t next_number() const { return last_ + 1; }
  // Keeps `message`, of a size that is only added up, under the next number until it is
  // acknowledged. The reference is valid until the next call.
  const Message& Push(Message message, size_t bytes = 0) {
    ++last_;
    bytes_ += bytes;
    sizes_.push_back(bytes);
    return unacknowledged_.emplace_back(std::move(message));
  }
  // The peer has everything up to `number`. False if no such message was ever sent: a peer that
  // makes things up.
  [[nodiscard]] bool Acknowledge(uint64_t number) {
    if (number > last_) {
      return false;
    }
    while (!unacknowledged_.empty() && last_ - unacknowledged_.size() < number) {
      unacknowledged_.pop_front();
      bytes_ -= sizes_.front();
      sizes_.pop_front();
    }
    return true;
  }
  // What the peer may lack, oldest first.
  const std::deque<Message>& unacknowledged() const { return unacknowledged_; }
  size_t size() const { return unacknowledged_.size(); }
  // Of what is unacknowledged, as told to Push.
  size_t bytes() const { return bytes_; }

 private:
  uint64_t last_ = 0;
  std::deque<Message> unacknowledged_;
  std::deque<size_t> sizes_;  // of the same
  size_t bytes_ = 0;
};

// The receiver's memory: the highest number received without a gap.
class ReceiveWindow {
 public:
  ReceiveWindow() = default;
  explicit ReceiveWindow(uint64_t last) : last_(last) {}
  enum class Arrival {
    kNext,      // new: handle it
    kRepeated,  // seen before: drop it
    kGap,       // something before it is missing: the peer has broken the rules
  };
  Arrival Receive(uint64_t number) {
    if (number <= last_) {
      return Arrival::kRepeated;
    }
    if (number != last_ + 1) {
      return Arrival::kGap;
    }
    last_ = number;
    return Arrival::kNext;
  }
  uint64_t last() const { return last_; }

 private:
  uint64_t last_ = 0;
};

}  // namespace lockstep
