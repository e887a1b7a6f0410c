// What a server says of itself: server reflection, version v1 or, where a server lacks it, v1alpha.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "agent/grpc/call.h"

namespace lockstep::agent {

// Asks for the files of all services, and for those that they import: serialised
// FileDescriptorProtos, each once, in no particular order. `done` is called once, on the loop, and
// never from within. Unavailable: what the server answered instead.
std::unique_ptr<GrpcWork> StartReflection(
    GrpcEngine& engine, const GrpcChannel& channel, const GrpcMetadata& metadata,
    absl::Duration timeout,
    absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>)> done);

}  // namespace lockstep::agent
