// Any protobuf message out of a fuzzer's bytes: well formed, and otherwise anything.
#pragma once

#include <google/protobuf/message.h>

#include "tests/fuzz/byte_source.h"

namespace lockstep::fuzz {

// Sets fields of `message`, nested ones to a depth of a few, as the bytes say.
void FillMessage(ByteSource& bytes, google::protobuf::Message& message, int depth = 4);

}  // namespace lockstep::fuzz
