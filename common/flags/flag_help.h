// Flags as rows of a help text: at most 80 columns. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

#include "common/flags/flag.h"

namespace lockstep {

inline constexpr size_t kHelpColumns = 80;

// `text` cut into lines of at most `width` columns, at spaces, and at commas in words that are
// longer; the later ones are indented.
std::string Wrapped(absl::string_view text, size_t width, size_t indent);
// "left     right" with a line break, the right side in the column and wrapped.
std::string HelpRow(const std::string& left, absl::string_view right, size_t column);

// "-u, --vus N", "--http-debug[=full]".
std::string SpellingOf(const Flag& flag);
// Its help and what holds without it: "redirects to follow (default: 10)".
std::string MeaningOf(const Flag& flag);
// Both, as a row.
std::string HelpRowOf(const Flag& flag);

}  // namespace lockstep
