// What leaves a program must be readable for the other: protocol buffers refuse to read a message
// whose texts are not UTF-8, although they write it, and a stream of messages breaks at it. Pure;
// any thread.
#pragma once

#include <google/protobuf/message.h>

namespace lockstep {

// Puts U+FFFD in place of each byte that is not UTF-8 in all fields of the type `string`, those of
// inner messages and of maps too. Texts of servers, scripts, file names and variables may hold any
// bytes. Of two keys of a map that become equal by it, one remains.
void MakeTextsValid(google::protobuf::Message* message);

}  // namespace lockstep
