#include "agent/js/api/form.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace lockstep::agent {

std::string EscapeQuery(absl::string_view text) {
  constexpr absl::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (absl::ascii_isalnum(byte) || absl::string_view("-_.~").find(c) != absl::string_view::npos) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string EncodeForm(std::vector<std::pair<std::string, std::string>> fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) {
      out.push_back('&');
    }
    out += EscapeQuery(name);
    out.push_back('=');
    out += EscapeQuery(value);
  }
  return out;
}

}  // namespace lockstep::agent
