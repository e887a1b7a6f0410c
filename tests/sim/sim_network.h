// A network in one process on simulated time: agents' transports on one side, the coordinator's
// connections on the other. Each stream delivers in order, after a random delay; connections break
// and lose what was on its way; batches get lost and repeated. Everything follows from one seed.
#pragma once

#include <map>
#include <memory>

#include "agent/run/transport.h"
#include "common/base/random.h"
#include "coordinator/core/fleet.h"
#include "tests/support/sim_loop.h"

namespace lockstep::testing {

struct NetworkFaults {
  absl::Duration min_delay = absl::Microseconds(50);
  absl::Duration max_delay = absl::Milliseconds(5);
  // Probability that a message breaks its connection instead of arriving.
  double break_per_message = 0;
  double lose_batch = 0;
  double repeat_batch = 0;
};

// An agent's view of the loop: the same timers, but a monotonic clock that is `offset` ahead of the
// coordinator's.
class SkewedLoop final : public EventLoop {
 public:
  SkewedLoop(SimLoop& loop, absl::Duration offset) : loop_(loop), clock_(loop, offset) {}
  const Clock& clock() const override { return clock_; }
  void Post(Task task) override { loop_.Post(std::move(task)); }
  TimerId At(MonoTime when, Task task) override {
    return loop_.At(when - clock_.offset(), std::move(task));
  }
  void Cancel(TimerId id) override { loop_.Cancel(id); }

 private:
  class SkewedClock final : public Clock {
   public:
    SkewedClock(SimLoop& loop, absl::Duration offset) : loop_(loop), offset_(offset) {}
    MonoTime Mono() const override { return loop_.clock().Mono() + offset_; }
    absl::Time Wall() const override { return loop_.clock().Wall(); }
    absl::Duration offset() const { return offset_; }

   private:
    SimLoop& loop_;
    const absl::Duration offset_;
  };
  SimLoop& loop_;
  const SkewedClock clock_;
};

class SimNetwork final : public coordinator::Connections {
 public:
  SimNetwork(SimLoop& loop, uint64_t seed, NetworkFaults faults)
      : loop_(loop), random_(seed), faults_(faults) {}

  // Null: there is no coordinator, and connections fail.
  void Attach(coordinator::Fleet* fleet) { fleet_ = fleet; }
  // The transport of one agent; belongs to it, and goes before the network.
  std::unique_ptr<agent::Transport> MakeTransport();
  // From now on nothing gets through to or from `transport`, and nobody is told.
  void CutOff(agent::Transport& transport);
  void Reconnect(agent::Transport& transport);
  // What is sent over the present connection of `transport` from now on stands still for so long,
  // and neither end learns of it.
  void Freeze(agent::Transport& transport, absl::Duration span);
  // Breaks the present connection of `transport`; both ends learn of it.
  void Break(agent::Transport& transport);
  // The other end of all connections is gone; their agents learn of it.
  void BreakAll();
  // No more faults.
  void Calm() { faults_ = NetworkFaults{}; }

  // coordinator::Connections
  void Send(coordinator::ConnectionId to, const v1::CoordinatorMessage& message) override;
  void Acknowledge(coordinator::ConnectionId to, const v1::BatchAck& ack) override;
  void Trust(coordinator::ConnectionId) override {}
  void Close(coordinator::ConnectionId connection, absl::Status reason) override;

 private:
  class Link;
  struct Wire;

  // Runs `deliver` after a random delay, after everything that was sent before on the same stream
  // (`last`).
  void Deliver(std::shared_ptr<Wire> wire, MonoTime* last, absl::AnyInvocable<void()> deliver);
  void BreakWire(const std::shared_ptr<Wire>& wire);
  bool Chance(double probability) { return random_.Unit() < probability; }
  std::shared_ptr<Wire> FindWire(coordinator::ConnectionId connection);

  SimLoop& loop_;
  Random random_;
  NetworkFaults faults_;
  coordinator::Fleet* fleet_ = nullptr;
  uint64_t last_id_ = 0;
  std::map<coordinator::ConnectionId, std::shared_ptr<Wire>> wires_;
};

}  // namespace lockstep::testing
