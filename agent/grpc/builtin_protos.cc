#include "agent/grpc/builtin_protos.h"

#include <map>
#include <string>

#include "agent/grpc/proto_compiler.h"
#include "common/base/check.h"

namespace lockstep::agent {
const ProtoSchema& BuiltinProtos() {
  static const ProtoSchema* const schema = [] {
    const std::map<std::string, std::string> files = {
        {"health.proto", std::string(HealthProto())},
        {"reflection.proto", std::string(ReflectionProto())},
        {"status.proto", std::string(StatusProto())}};
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
