// The coordinator's gRPC services: agents' sessions and batches, status and control. Streams become
// events of the Fleet; its messages go out on them.
//
// The public methods belong to the coordinator's loop. gRPC's threads only post to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/epoll_loop.h"
#include "common/trust/credentials.h"
#include "coordinator/core/control.h"
#include "coordinator/core/fleet.h"

namespace lockstep::coordinator {

class GrpcServer final : public Connections {
 public:
  // `loop` is borrowed and outlives the server. How often the files of the credentials' anchors are
  // looked at: sessions of those who are not trusted any more end then.
  explicit GrpcServer(EpollLoop& loop, absl::Duration reread_every = absl::Seconds(5));
  ~GrpcServer() override;

  // Listens on all of `addresses`: "host:port", with TLS and `credentials`, or in plain text if
  // they are null; "unix:/path", always in plain text. Events go to `fleet` and `control`, which
  // outlive the server or its Shutdown. Unavailable, naming the address and the system's reason, if
  // one of them is not available.
  absl::Status Start(const std::vector<std::string>& addresses, const Credentials* credentials,
                     Fleet& fleet, RunControl& control);
  // The port of the i-th address; 0 for a Unix socket.
  int port(size_t i) const;
  // Ends all streams and waits until gRPC is done with them. No event follows.
  void Shutdown();

  void Send(ConnectionId to, const v1::CoordinatorMessage& message) override;
  void Acknowledge(ConnectionId to, const v1::BatchAck& ack) override;
  void Trust(ConnectionId connection) override;
  void Close(ConnectionId connection, absl::Status reason) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::coordinator
