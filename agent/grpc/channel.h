// A connection to a gRPC server: one of a VU's own, as each `connect` of a script makes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
}

namespace lockstep::agent {

class GrpcEngine;

struct GrpcConnectSpec {
  std::string address = {};  // "host:port"
  bool plaintext = false;
  // PEM. Of servers' authorities; none: the system's.
  std::vector<std::string> cacerts = {};
  std::string cert = {}, key = {}, password = {};  // the client's; "": the option tlsAuth's
  std::string authority = {};                      // "": the address
  int64_t max_receive_bytes = 0;                   // of a message; 0: 4 MiB
  int64_t max_send_bytes = 0;                      // 0: no limit
  absl::Duration timeout = absl::Seconds(60);
  std::string user_agent = {};
};

// Connected at least once; connects again when it must. Immutable; shared by the calls over it, and
// destroyed on any thread.
class GrpcChannel {
 public:
  explicit GrpcChannel(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}
  const std::shared_ptr<grpc::Channel>& get() const { return channel_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
};

// Something under way. Destroying it abandons it: its callback is not called any more.
class GrpcWork {
 public:
  virtual ~GrpcWork() = default;
};

// Connects, subject to the run's rules for hosts and addresses. `done` is called once, on the loop,
// and never from within. DeadlineExceeded: the timeout was over; InvalidArgument: the address or a
// certificate; otherwise Unavailable: why there is no connection.
std::unique_ptr<GrpcWork> StartConnect(
    GrpcEngine& engine, GrpcConnectSpec spec,
    absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<GrpcChannel>>)> done);

}  // namespace lockstep::agent
