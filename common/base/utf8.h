// UTF-8: one sequence at a time, and texts as a whole.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

// How many bytes the UTF-8 sequence has that `text`, which is not empty, begins with; 0: it begins
// with none. Overlong forms, surrogates and what is beyond U+10FFFF, which protocol buffers refuse,
// are none.
size_t Utf8SequenceLength(absl::string_view text);
// Whether `text` is made of them and nothing else.
bool IsUtf8(absl::string_view text);
// `text`, with U+FFFD in place of each byte that is not part of such a sequence: what strangers say
// may be any bytes, and neither protocol buffers nor JSON take them.
std::string ValidUtf8(absl::string_view text);
// The beginning of `text`, of at most `most` bytes, that ends between two sequences.
absl::string_view CutText(absl::string_view text, size_t most);

}  // namespace lockstep
