// Whether the system lets this process have the threads that it needs. Libraries that cannot start
// one end the process without a word, or wait for it for ever.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace lockstep {

// Starts `count` threads at once, and ends them. ResourceExhausted, with a sentence for people, if
// there cannot be so many now. All have ended when it returns. Takes about 20 us for each.
absl::Status CheckThreadRoom(int count);

// Runs `main` and returns its exit code. Where a thread cannot be started and nobody has looked,
// std::thread throws: `program` then ends with the same sentence on standard error.
int RunProgram(const char* program, absl::FunctionRef<int()> main);

}  // namespace lockstep
