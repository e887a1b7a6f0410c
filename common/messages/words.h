// The words for the protocol's enums: each stands once, as the option `word` of its value. Pure;
// any thread.
#pragma once

#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "absl/strings/string_view.h"

namespace lockstep {

// Empty for null.
absl::string_view WordOf(const google::protobuf::EnumValueDescriptor* value);
// What people call `value`, as in WordOf(v1::RunStatus::RUNNING), which is "Running". Empty: no
// value of the enum.
template <typename Enum>
absl::string_view WordOf(Enum value) {
  return WordOf(google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value));
}

// The name of the field that is set in the oneof `body` of `message`, as in "setup_done". Empty:
// none is.
std::string NameOf(const google::protobuf::Message& message);

// All fields of `message`, defaults too, under their names in the protocol and with words for
// enums: on several lines if `pretty`, else on one. Each line ends with a line break.
std::string JsonInWords(const google::protobuf::Message& message, bool pretty);

}  // namespace lockstep
