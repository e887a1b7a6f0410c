// The agent's line to its coordinator, as the session sees it: protobuf messages over a connection
// that may break. Implemented by GrpcTransport, and by a seeded, lossy one in the simulation.
//
// All methods and callbacks on the conductor's loop. A connection carries the control stream and
// the batch stream; they break together. Within a connection messages arrive once and in order.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

namespace lockstep::agent {

class Transport {
 public:
  struct Events {
    absl::AnyInvocable<void(v1::CoordinatorMessage)> on_message;
    absl::AnyInvocable<void(v1::BatchAck)> on_batch_ack;
    // The connection could not be made, or broke, or was ended by the coordinator. Nothing follows
    // it.
    absl::AnyInvocable<void(absl::Status)> on_closed;
  };

  virtual ~Transport() = default;
  // Makes a new connection; an earlier one must be closed. Messages may be sent at once: they wait
  // for the connection.
  virtual void Connect(Events events) = 0;
  // Without a connection these do nothing.
  virtual void Send(const v1::AgentMessage& message) = 0;
  virtual void SendBatch(const v1::BatchMessage& message) = 0;
  // Ends the connection once what was sent is on its way; no callback follows. Harmless without a
  // connection.
  virtual void Close() = 0;
};

}  // namespace lockstep::agent
