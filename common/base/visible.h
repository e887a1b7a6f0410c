// Texts of strangers in lines of our own: a line break in one must not begin a line, and no escape
// sequence may reach a terminal.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

// `text` with `\n`, `\r`, `\t` or `\x1b` in place of ASCII's control characters.
std::string Visible(absl::string_view text);

// `text` between quotes, with `\"` and `\\` for those in it: as Go's messages quote.
std::string Quoted(absl::string_view text);

}  // namespace lockstep
