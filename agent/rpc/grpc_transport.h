// The Transport over gRPC: one channel, a control stream and a batch stream for each connection.
//
// The public methods belong to the conductor's loop. gRPC's threads only post to it.
#pragma once

#include <memory>
#include <string>

#include "agent/run/transport.h"
#include "common/base/event_loop.h"
#include "common/trust/credentials.h"

namespace lockstep::agent {

class GrpcTransport final : public Transport {
 public:
  // `address`: "host:port" or "unix:/path". Without `credentials` in plain text. `name`: in the
  // coordinator's certificate; empty: the address's host. `loop` is borrowed.
  GrpcTransport(EventLoop& loop, const std::string& address, const Credentials* credentials,
                const std::string& name = "");
  // From the next connection on, these are shown; what is connected stays. Only with credentials.
  void Renew(const Credentials& credentials);
  // Waits a moment, so that what was sent before Close gets out.
  ~GrpcTransport() override;

  void Connect(Events events) override;
  void Send(const v1::AgentMessage& message) override;
  void SendBatch(const v1::BatchMessage& message) override;
  void Close() override;

 private:
  struct Impl;
  class Connection;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::agent
