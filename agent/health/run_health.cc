#include "agent/health/run_health.h"

namespace lockstep::agent {

void RunHealth::Start() {
  loop_lag_.Clear();
  waited_ns_ = held_ns_ = computing_ns_ = collections_ = collecting_ns_ = longest_collection_ns_ =
      sockets_refused_ = blocks_ = 0;
  measuring_.store(true, std::memory_order_relaxed);
}

void RunHealth::LoopLag(absl::Duration delay) {
  if (measuring()) {
    loop_lag_.Add(delay);
  }
}

void RunHealth::Waited(absl::Duration time) {
  if (measuring()) {
    waited_ns_.fetch_add(absl::ToInt64Nanoseconds(time), std::memory_order_relaxed);
  }
}

void RunHealth::Held(absl::Duration delay, absl::Duration computing) {
  if (measuring()) {
    held_ns_.fetch_add(absl::ToInt64Nanoseconds(delay), std::memory_order_relaxed);
    computing_ns_.fetch_add(absl::ToInt64Nanoseconds(computing), std::memory_order_relaxed);
  }
}

void RunHealth::Collected(absl::Duration pause) {
  if (!measuring()) {
    return;
  }
  const int64_t nanos = absl::ToInt64Nanoseconds(pause);
  collections_.fetch_add(1, std::memory_order_relaxed);
  collecting_ns_.fetch_add(nanos, std::memory_order_relaxed);
  int64_t most = longest_collection_ns_.load(std::memory_order_relaxed);
  while (nanos > most &&
         !longest_collection_ns_.compare_exchange_weak(most, nanos, std::memory_order_relaxed)) {
  }
}

void RunHealth::SocketRefused() {
  if (measuring()) {
    sockets_refused_.fetch_add(1, std::memory_order_relaxed);
  }
}

void RunHealth::Blocked() {
  if (measuring()) {
    blocks_.fetch_add(1, std::memory_order_relaxed);
  }
}

void RunHealth::Fill(v1::Health* health) const {
  const auto seconds = [](const std::atomic<int64_t>& nanos) {
    return static_cast<double>(nanos.load(std::memory_order_relaxed)) / 1e9;
  };
  *health->mutable_loop_lag() = loop_lag_.Read();
  health->set_waited_s(seconds(waited_ns_));
  health->set_held_s(seconds(held_ns_));
  health->set_computing_s(seconds(computing_ns_));
  health->set_collections(collections_.load(std::memory_order_relaxed));
  health->set_collecting_s(seconds(collecting_ns_));
  health->set_longest_collection_s(seconds(longest_collection_ns_));
  health->set_sockets_refused(sockets_refused_.load(std::memory_order_relaxed));
  health->set_blocks(blocks_.load(std::memory_order_relaxed));
}

}  // namespace lockstep::agent
