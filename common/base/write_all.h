// Bytes written to an open file, all of them.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace lockstep {

// Writes `content` to the file descriptor, however many calls that takes. One that takes what it
// can at once (O_NONBLOCK) gets five seconds to take more. 0, or the errno of the call that failed,
// ETIMEDOUT after those seconds: a part is written then. `written`, unless null, is told how many
// bytes.
int WriteAll(int file, absl::string_view content, size_t* written = nullptr);

}  // namespace lockstep
