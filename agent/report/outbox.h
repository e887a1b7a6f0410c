// Sealed batches on their way to the coordinator: kept until it has acknowledged them, sent again
// after a reconnect.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace lockstep::agent {

// Not thread-safe. Batches are numbered from 1 without a gap.
class Outbox {
 public:
  // Reached only while the coordinator does not answer. A full outbox loses nothing: the agent
  // seals later, and the workers' aggregates keep growing meanwhile; only single points are refused
  // (Accumulator::Config::max_points).
  static constexpr size_t kMaxBatches = 900;
  static constexpr size_t kMaxBytes = size_t{128} << 20;

  struct Item {
    uint64_t number = 0;
    std::string encoded;
  };

  // Whether another batch may be sealed.
  bool full() const { return items_.size() >= kMaxBatches || bytes_ >= kMaxBytes; }
  // The number that the next batch is to carry.
  uint64_t next_number() const { return next_; }
  // Takes the encoded batch `next_number()`.
  void Add(std::string encoded);
  // The next batch to send, or null. It stays here until it is acknowledged; valid until the next
  // call.
  const Item* NextToSend();
  // The coordinator has merged all batches up to `number`. Numbers that were acknowledged before do
  // no harm.
  void Acknowledge(uint64_t number);
  // After a reconnect: everything unacknowledged is to be sent again.
  void Rewind() { sent_ = 0; }

  size_t size() const { return items_.size(); }
  size_t bytes() const { return bytes_; }
  // Number of the last batch added; 0: none.
  uint64_t last_number() const { return next_ - 1; }
  bool empty() const { return items_.empty(); }

 private:
  std::deque<Item> items_;
  size_t sent_ = 0;  // of items_, from the front
  size_t bytes_ = 0;
  uint64_t next_ = 1;
};

}  // namespace lockstep::agent
