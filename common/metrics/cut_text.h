// Texts that may be of any length, cut to one that may be kept.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace lockstep {

// The beginning of `text` of at most `most` bytes, in whole characters.
inline absl::string_view CutText(absl::string_view text, size_t most) {
  if (text.size() <= most) {
    return text;
  }
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace lockstep
