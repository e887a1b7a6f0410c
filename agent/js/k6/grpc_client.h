// What is behind a script's Client of `k6/net/grpc`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/grpc/channel.h"
#include "agent/grpc/schema.h"

namespace lockstep::agent {

// Owned by the script's object: destroyed on any thread.
struct GrpcClientState {
  uint64_t id = 0;
  std::vector<const ProtoSchema*> schemas;  // of the run's store
  std::shared_ptr<GrpcChannel> channel;     // null while it is not connected
  std::string address;
};

}  // namespace lockstep::agent
