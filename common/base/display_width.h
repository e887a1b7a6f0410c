// How much room text takes on a terminal, in columns: two for a wide character, none for combining
// marks and colours; what a reader sees as one character is never wider than two. A byte that is no
// UTF-8 takes one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep {

size_t DisplayWidth(absl::string_view text);

// `text`, cut to `columns` if it is wider. Colours are ended where they are cut.
std::string CutToWidth(absl::string_view text, size_t columns);

// `text` with spaces at its end, `columns` wide if it is not wider.
std::string PadToWidth(absl::string_view text, size_t columns);

// A line for each row, with its cells in columns, two spaces between them. The last cell of a row is not padded.
std::vector<std::string> AlignColumns(const std::vector<std::vector<std::string>>& rows);

}  // namespace lockstep
