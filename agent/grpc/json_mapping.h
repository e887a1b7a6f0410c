// Protocol Buffers' JSON mapping (https://protobuf.dev/programming-guides/json/) of dynamic
// messages. Reads and writes 64-bit integers as strings; writes fields that are not set, too:
// numbers, booleans, text and enums of proto3 as their zero, lists as [], maps as {}, messages and
// fields of proto2 as null, and nothing for those of a oneof, among which are proto3's `optional`
// fields.
//
// Any thread. Nesting is limited (kDeepestJson), because a VU's stack is small.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class FileDescriptorProto;
class Message;
}  // namespace google::protobuf

namespace lockstep::agent {

class ProtoSchema;

inline constexpr int kDeepestJson = 100;

// Adds to `message`, which is empty and of `schema`, what `json` says. InvalidArgument: the path of
// the field and what is wrong with it; `message` is then in part filled.
absl::Status ReadJson(const ProtoSchema& schema, absl::string_view json,
                      google::protobuf::Message* message);

// Appends the message. An Any of a type that `schema` lacks is shown as its "@type" and its bytes
// in base64 as "value".
// InvalidArgument: a Timestamp or Duration that is out of range, or too deep a nesting.
absl::Status AppendJson(const ProtoSchema& schema, const google::protobuf::Message& message,
                        std::string* json);

// One of the files google/protobuf/*.proto, which every importer has. False if there is none of
// that name.
bool CopyWellKnownFile(const std::string& name, google::protobuf::FileDescriptorProto* file);

}  // namespace lockstep::agent
