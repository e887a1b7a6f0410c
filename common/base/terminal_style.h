// Colours and weights of a terminal's text (ECMA-48, SGR). What is styled keeps its width: see
// display_width.h.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

// A style is an SGR parameter; several are joined by ";".
inline constexpr absl::string_view kPlain = "";
inline constexpr absl::string_view kBold = "1";
inline constexpr absl::string_view kDim = "2";
inline constexpr absl::string_view kRed = "31";
inline constexpr absl::string_view kGreen = "32";
inline constexpr absl::string_view kYellow = "33";
inline constexpr absl::string_view kCyan = "36";
inline constexpr absl::string_view kWhite = "37";

// `text` in `style`, or as it is if that is kPlain, there is no text or the terminal has no
// colours.
std::string Styled(absl::string_view style, absl::string_view text, bool color);

}  // namespace lockstep
