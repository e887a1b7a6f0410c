// What the text formats of samples have in common.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// "2026-01-02T03:04:05.5Z", with as many decimals as it takes.
std::string Rfc3339Nanos(int64_t unix_nanos);
// `text`, with U+FFFD for each byte that is not valid UTF-8: tag values may be any bytes.
std::string ValidUtf8(absl::string_view text);

}  // namespace lockstep::coordinator
