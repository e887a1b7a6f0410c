// The protocols that gRPC itself defines and scripts use without loading them: health checks,
// server reflection, and the details of errors.
#pragma once

#include "absl/strings/string_view.h"

#include "agent/grpc/schema.h"

namespace lockstep::agent {

// Made on first use; lives as long as the process. Has grpc.health.v1, the messages of
// grpc.reflection.v1 (those of v1alpha are the same on the wire) and google.rpc.Status.
const ProtoSchema& BuiltinProtos();

// The sources of its files, embedded by CMake: proto/grpc/health, proto/grpc/reflection, and
// status.proto beside this file.
absl::string_view HealthProto();
absl::string_view ReflectionProto();
absl::string_view StatusProto();

}  // namespace lockstep::agent
