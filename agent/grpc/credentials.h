// How a channel proves who it is, and whom it believes. Only agent/grpc includes this: it shows
// gRPC.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>

#include "absl/status/statusor.h"

#include "agent/grpc/channel.h"

namespace lockstep::agent {

class GrpcEngine;

// For `host`, without reading authorities anew for each connection. The script's own certificate,
// or the one that the option tlsAuth has for the host; the script's authorities, or those of the
// environment, or the system's. InvalidArgument: what cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    GrpcEngine& engine, const GrpcConnectSpec& spec, const std::string& host);

}  // namespace lockstep::agent
