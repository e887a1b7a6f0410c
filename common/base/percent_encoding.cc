#include "common/base/percent_encoding.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace lockstep {

std::string PercentEncoded(absl::string_view text, absl::string_view plain) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || plain.find(c) != absl::string_view::npos) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", byte);
    }
  }
  return encoded;
}

}  // namespace lockstep
