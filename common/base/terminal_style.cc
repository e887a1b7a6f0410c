#include "common/base/terminal_style.h"

#include "absl/strings/str_cat.h"

namespace lockstep {

std::string Styled(absl::string_view style, absl::string_view text, bool color) {
  return color && !style.empty() && !text.empty()
             ? absl::StrCat("\x1b[", style, "m", text, "\x1b[0m")
             : std::string(text);
}

}  // namespace lockstep
