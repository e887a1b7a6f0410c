// From the text of `.proto` files to a schema, with protobuf's own compiler.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "agent/grpc/schema.h"

namespace lockstep::agent {

// Compiles `files` and what they import. `read` returns the text of a file by the name that a
// script or an `import` says, NotFound if there is none; files google/protobuf/*.proto need not be
// there.
// InvalidArgument: each error with file, line and column, from 1; otherwise what `read` failed
// with.
absl::StatusOr<std::unique_ptr<const ProtoSchema>> CompileProtos(
    const std::vector<std::string>& files,
    absl::FunctionRef<absl::StatusOr<std::string>(const std::string& name)> read);

}  // namespace lockstep::agent
