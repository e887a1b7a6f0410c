#include "agent/grpc/builtin_protos.h"

#include <map>
#include <string>

#include "agent/grpc/proto_compiler.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr char kHealth[] = R"(syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
)";

// As much as a client needs.
constexpr char kReflection[] = R"(syntax = "proto3";
package grpc.reflection.v1;
message ServerReflectionRequest {
  string host = 1;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    string list_services = 7;
  }
}
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
)";

constexpr char kStatus[] = R"(syntax = "proto3";
package google.rpc;
import "google/protobuf/any.proto";
message Status {
  int32 code = 1;
  string message = 2;
  repeated google.protobuf.Any details = 3;
}
)";

}  // namespace

const ProtoSchema& BuiltinProtos() {
  static const ProtoSchema* const schema = [] {
    const std::map<std::string, std::string> files = {
        {"health.proto", kHealth}, {"reflection.proto", kReflection}, {"status.proto", kStatus}};
    auto made = CompileProtos({"health.proto", "reflection.proto", "status.proto"},
                              [&](const std::string& name) -> absl::StatusOr<std::string> {
                                const auto found = files.find(name);
                                return found == files.end()
                                           ? absl::StatusOr<std::string>(absl::NotFoundError(name))
                                           : found->second;
                              });
    LOCKSTEP_CHECK(made.ok());
    return made->release();
  }();
  return *schema;
}

}  // namespace lockstep::agent
