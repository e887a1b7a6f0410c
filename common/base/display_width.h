// How much room text takes on a terminal, in columns: two for a wide character, none for combining
// marks and colours; what a reader sees as one character is never wider than two. A byte that is no
// UTF-8 takes one.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep {

size_t DisplayWidth(absl::string_view text);

// `text`, cut to `columns` if it is wider. Colours are ended where they are cut.
std::string CutToWidth(absl::string_view text, size_t columns);

// `text` with spaces at its end, `columns` wide if it is not wider.
std::string PadToWidth(absl::string_view text, size_t columns);

// Lines of `text`, broken between words and at most `columns` wide; a wider word has a line of its
// own. Between the words of a line are as many spaces as in `text`.
std::vector<std::string> WrapToWidth(absl::string_view text, size_t columns);

// A line for each row, with its cells in columns, two spaces between them. The last cell of a row
// is not padded. Columns for which `most` leaves no room are left out, from the last one on; the
// first one stays, however wide.
std::vector<std::string> AlignColumns(const std::vector<std::vector<std::string>>& rows,
                                      size_t most = std::numeric_limits<size_t>::max());

}  // namespace lockstep
