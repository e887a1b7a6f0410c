// A gRPC channel to a coordinator, as agents and operators make it: over TLS with certificates on
// both sides, or in plain text if a person has asked for that.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

#include "common/trust/credentials.h"

namespace lockstep {

// `address`: "host:port" or "unix:/path". With `credentials` the coordinator must show a
// certificate for `name`, or without one for the address's host, with the role coordinator that
// CheckCertificate believes; calls fail with Unavailable and the reason if it does not. Null: plain
// text. What all clients need, namely no HTTP proxy on the way, is added to `arguments`.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const Credentials* credentials,
                                           grpc::ChannelArguments arguments,
                                           const std::string& name = "");

// Why a call or a connection failed and what was tried, with a hint if nobody listens there or the
// name is not known, if the other side seems to speak TLS and this one does not, or the other way
// round (`tls`: this one does).
absl::Status Explain(const grpc::Status& status, bool tls);

}  // namespace lockstep
