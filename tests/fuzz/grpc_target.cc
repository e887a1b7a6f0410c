// What a script or a server may send to scripts' gRPC: texts of `.proto` files, protosets, JSON for
// a message, bytes of a message.
#include <string>

#include <google/protobuf/message.h>

#include "absl/strings/string_view.h"

#include "agent/grpc/proto_compiler.h"
#include "agent/grpc/schema.h"
#include "common/base/check.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

using agent::ProtoSchema;

// Every kind of field, and the types with a JSON of their own.
constexpr char kMessages[] = R"(syntax = "proto3";
package f;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message M {
  enum E { A = 0; B = 1; }
  int32 i = 1; int64 l = 2; uint64 u = 3; float f = 4; double d = 5; bool b = 6; string s = 7; bytes y = 8; E e = 9;
  M m = 10; repeated M r = 11; map<string, M> n = 12; map<int64, double> o = 13; optional int32 p = 14;
  oneof w { string x = 15; M z = 16; }
  google.protobuf.Any any = 20; google.protobuf.Duration duration = 21; google.protobuf.FieldMask mask = 22;
  google.protobuf.Struct struct = 23; google.protobuf.Value value = 24; google.protobuf.ListValue list = 25;
  google.protobuf.Timestamp timestamp = 26; google.protobuf.Int64Value wrapped = 27;
}
)";

absl::StatusOr<std::unique_ptr<const ProtoSchema>> CompileText(const std::string& text) {
  return agent::CompileProtos({"main.proto"},
                              [&](const std::string& name) -> absl::StatusOr<std::string> {
                                return name == "main.proto" ? absl::StatusOr<std::string>(text)
                                                            : absl::NotFoundError("no such file");
                              });
}

const ProtoSchema& Messages() {
  static const ProtoSchema* const schema = CompileText(kMessages)->release();
  return *schema;
}

// What has been read once is written and read again to the same.
void CheckRoundTrip(const google::protobuf::Message& kind, const std::string& bytes) {
  const auto json = Messages().Decode(kind, bytes);
  if (!json.ok()) {
    return;
  }
  const auto again = Messages().Encode(kind, *json);
  if (again.ok()) {
    const auto same = Messages().Decode(kind, *again);
    LOCKSTEP_CHECK(same.ok());
  }
}

}  // namespace

void FuzzGrpc(absl::string_view input) {
  if (input.empty()) {
    return;
  }
  const std::string rest(input.substr(1));
  const google::protobuf::Message& kind = *Messages().PrototypeOf("f.M");
  switch (input[0] % 4) {
    case 0:
      (void)CompileText(rest);
      break;
    case 1:
      (void)ProtoSchema::FromProtoset(rest);
      break;
    case 2:
      if (const auto bytes = Messages().Encode(kind, rest); bytes.ok()) {
        CheckRoundTrip(kind, *bytes);
      }
      break;
    default:
      CheckRoundTrip(kind, rest);
  }
}

}  // namespace lockstep::fuzz
