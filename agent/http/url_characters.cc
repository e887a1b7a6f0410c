#include "agent/http/url_characters.h"

#include "common/base/percent_encoding.h"

namespace lockstep::agent {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

void AppendEscaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

}  // namespace

std::string Escaped(absl::string_view text, const CharSet& allowed) {
  if (allowed.HasAll(text)) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (allowed.Has(c)) {
      out += c;
    } else {
      AppendEscaped(out, c);
    }
  }
  return out;
}

absl::string_view BadEscape(absl::string_view text) {
  for (size_t i = text.find('%'); i != absl::string_view::npos; i = text.find('%', i + 1)) {
    if (!StartsWithPercentEscape(text.substr(i))) {
      return text.substr(i, 3);
    }
  }
  return "";
}

absl::string_view AsciiEscape(absl::string_view host) {
  for (size_t i = host.find('%'); i != absl::string_view::npos; i = host.find('%', i + 1)) {
    const absl::string_view escape = host.substr(i, 3);
    if (escape[1] < '8' && escape != "%25") {
      return escape;
    }
  }
  return "";
}

}  // namespace lockstep::agent
