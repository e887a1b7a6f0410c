#include "common/base/visible.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace lockstep {

std::string Visible(absl::string_view text) {
  std::string visible;
  visible.reserve(text.size());
  for (const char c : text) {
    if (!absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      visible += c;
    } else if (c == '\n') {
      visible += "\\n";
    } else if (c == '\r') {
      visible += "\\r";
    } else if (c == '\t') {
      visible += "\\t";
    } else {
      absl::StrAppend(&visible, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return visible;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", Visible(absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}})),
                      "\"");
}

}  // namespace lockstep
