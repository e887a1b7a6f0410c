#include "agent/http/headers.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/http_token.h"
#include "common/base/visible.h"

namespace lockstep::agent {

std::string CanonicalHeader(absl::string_view name) {
  std::string out(name);
  if (!IsToken(name)) {
    return out;
  }
  bool first = true;
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(first ? absl::ascii_toupper(byte) : absl::ascii_tolower(byte));
    first = c == '-';
  }
  return out;
}

absl::Status CheckHeader(absl::string_view name, absl::string_view value) {
  if (IsToken(name) && IsHeaderValue(value)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "net/http: invalid header field ", IsToken(name) ? "value for " : "name ", Quoted(name)));
}

bool HasToken(absl::string_view list, absl::string_view token) {
  for (const absl::string_view entry : absl::StrSplit(list, ',')) {
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(entry), token)) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> FindHeader(const HeaderList& headers, absl::string_view name) {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace lockstep::agent
