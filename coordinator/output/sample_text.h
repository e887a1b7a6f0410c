// What the text formats of samples have in common.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// `text`, with U+FFFD for each byte that is not valid UTF-8: tag values may be any bytes.
std::string ValidUtf8(absl::string_view text);

}  // namespace lockstep::coordinator
