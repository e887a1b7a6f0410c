#include "tests/sim/sim_network.h"

#include <algorithm>
#include <utility>

namespace lockstep::testing {

using coordinator::ConnectionId;

// One connection: a control stream and, once used, a batch stream.
struct SimNetwork::Wire {
  ConnectionId control{};
  ConnectionId batches{};
  agent::Transport::Events events;
  bool open = true;      // at the agent's end
  bool broken = false;   // nothing passes
  bool cut_off = false;  // nothing passes, and nobody knows
  MonoTime frozen_until;
  MonoTime last_up, last_down, last_batch_up, last_batch_down;
};

class SimNetwork::Link final : public agent::Transport {
 public:
  explicit Link(SimNetwork& network) : network_(network) {}
  ~Link() override { Close(); }

  void Connect(Events events) override {
    Close();
    wire = std::make_shared<Wire>();
    wire->cut_off = cut_off;
    wire->control = ConnectionId{++network_.last_id_};
    wire->events = std::move(events);
    network_.wires_[wire->control] = wire;
    if (network_.fleet_ == nullptr) {  // there is no coordinator at present
      network_.BreakWire(wire);
      return;
    }
    network_.Deliver(wire, &wire->last_up,
                     [this, w = wire] { network_.fleet_->OnOpened(w->control); });
  }

  void Send(const v1::AgentMessage& message) override {
    if (wire == nullptr) {
      return;
    }
    if (network_.Chance(network_.faults_.break_per_message)) {
      network_.BreakWire(wire);
      return;
    }
    network_.Deliver(wire, &wire->last_up, [this, w = wire, message] {
      network_.fleet_->OnMessage(w->control, message);
    });
  }

  void SendBatch(const v1::BatchMessage& message) override {
    if (wire == nullptr) {
      return;
    }
    if (wire->batches == ConnectionId{}) {
      wire->batches = ConnectionId{++network_.last_id_};
      network_.wires_[wire->batches] = wire;
      network_.Deliver(wire, &wire->last_batch_up,
                       [this, w = wire] { network_.fleet_->OnOpened(w->batches); });
    }
    int copies = network_.Chance(network_.faults_.lose_batch)     ? 0
                 : network_.Chance(network_.faults_.repeat_batch) ? 2
                                                                  : 1;
    for (int i = 0; i < copies; ++i) {
      network_.Deliver(wire, &wire->last_batch_up, [this, w = wire, message] {
        network_.fleet_->OnBatch(w->batches, message);
      });
    }
  }

  // What was sent still arrives; then the coordinator sees the end.
  void Close() override {
    if (wire == nullptr) {
      return;
    }
    wire->open = false;
    network_.Deliver(wire, &wire->last_up, [&network = network_, w = wire] {
      network.fleet_->OnClosed(w->control, absl::UnavailableError("closed by the agent"));
      network.wires_.erase(w->control);
    });
    if (wire->batches != ConnectionId{}) {
      network_.Deliver(wire, &wire->last_batch_up, [&network = network_, w = wire] {
        network.fleet_->OnClosed(w->batches, absl::UnavailableError("closed by the agent"));
        network.wires_.erase(w->batches);
      });
    }
    wire = nullptr;
  }

  std::shared_ptr<Wire> wire;
  bool cut_off = false;

 private:
  SimNetwork& network_;
};

std::unique_ptr<agent::Transport> SimNetwork::MakeTransport() {
  return std::make_unique<Link>(*this);
}

void SimNetwork::CutOff(agent::Transport& transport) {
  Link& link = static_cast<Link&>(transport);
  link.cut_off = true;
  if (link.wire != nullptr) {
    link.wire->cut_off = true;
  }
}

void SimNetwork::Reconnect(agent::Transport& transport) {
  static_cast<Link&>(transport).cut_off = false;
}

void SimNetwork::Freeze(agent::Transport& transport, absl::Duration span) {
  if (std::shared_ptr<Wire> wire = static_cast<Link&>(transport).wire; wire != nullptr) {
    wire->frozen_until = loop_.clock().Mono() + span;
  }
}

void SimNetwork::Break(agent::Transport& transport) {
  if (std::shared_ptr<Wire> wire = static_cast<Link&>(transport).wire; wire != nullptr) {
    BreakWire(wire);
  }
}

void SimNetwork::BreakAll() {
  const std::map<ConnectionId, std::shared_ptr<Wire>> wires = wires_;
  for (const auto& [id, wire] : wires) {
    BreakWire(wire);
  }
}

void SimNetwork::Deliver(std::shared_ptr<Wire> wire, MonoTime* last,
                         absl::AnyInvocable<void()> deliver) {
  absl::Duration span = faults_.max_delay - faults_.min_delay;
  MonoTime when = loop_.clock().Mono() + faults_.min_delay + span * random_.Unit();
  *last = std::max({*last, when, wire->frozen_until});
  loop_.At(*last, [this, wire = std::move(wire), deliver = std::move(deliver)]() mutable {
    if (!wire->broken && !wire->cut_off && fleet_ != nullptr) {
      deliver();
    }
  });
}

void SimNetwork::BreakWire(const std::shared_ptr<Wire>& wire) {
  if (wire->broken || wire->cut_off) {
    return;
  }
  wire->broken = true;
  absl::Status reason = absl::UnavailableError("the simulated connection broke");
  loop_.After(absl::Milliseconds(1) * random_.Unit(), [wire, reason] {
    if (wire->open) {
      wire->open = false;
      wire->events.on_closed(reason);
    }
  });
  loop_.After(absl::Milliseconds(1) * random_.Unit(), [this, wire, reason] {
    for (ConnectionId id : {wire->control, wire->batches}) {
      if (wires_.erase(id) > 0 && fleet_ != nullptr) {
        fleet_->OnClosed(id, reason);
      }
    }
  });
}

std::shared_ptr<SimNetwork::Wire> SimNetwork::FindWire(ConnectionId connection) {
  auto found = wires_.find(connection);
  return found == wires_.end() ? nullptr : found->second;
}

void SimNetwork::Send(ConnectionId to, const v1::CoordinatorMessage& message) {
  std::shared_ptr<Wire> wire = FindWire(to);
  if (wire == nullptr) {
    return;
  }
  if (Chance(faults_.break_per_message)) {
    BreakWire(wire);
    return;
  }
  Deliver(wire, &wire->last_down, [w = wire, message] {
    if (w->open) {
      w->events.on_message(message);
    }
  });
}

void SimNetwork::Acknowledge(ConnectionId to, const v1::BatchAck& ack) {
  if (std::shared_ptr<Wire> wire = FindWire(to); wire != nullptr) {
    Deliver(wire, &wire->last_batch_down, [w = wire, ack] {
      if (w->open) {
        w->events.on_batch_ack(ack);
      }
    });
  }
}

void SimNetwork::Close(ConnectionId connection, absl::Status reason) {
  std::shared_ptr<Wire> wire = FindWire(connection);
  wires_.erase(connection);
  if (wire == nullptr) {
    return;
  }
  // One stream ends with the other, at the agent's end.
  Deliver(wire, &wire->last_down, [this, w = wire, reason] {
    if (w->open) {
      w->open = false;
      w->events.on_closed(reason);
    }
    for (ConnectionId id : {w->control, w->batches}) {
      if (wires_.erase(id) > 0) {
        fleet_->OnClosed(id, reason);
      }
    }
  });
}

}  // namespace lockstep::testing
