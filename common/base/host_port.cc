#include "common/base/host_port.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lockstep {

HostAndPort SplitHostPort(absl::string_view text) {
  HostAndPort parts{.host = text, .port = std::nullopt};
  const size_t colon = text.rfind(':');
  // The last colon of "[::1]" is the address's own.
  if (colon != absl::string_view::npos && text.find(']', colon) == absl::string_view::npos) {
    parts = {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  }
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

absl::StatusOr<std::string> CoordinatorAddress(absl::string_view text) {
  if (absl::StartsWith(text, "unix:") || absl::StrContains(text, ":///")) {
    return std::string(text);
  }
  // A bare IPv6 address has no port behind its last colon.
  const bool bare = std::count(text.begin(), text.end(), ':') > 1 && text.front() != '[';
  const HostAndPort parts =
      bare ? HostAndPort{.host = text, .port = std::nullopt} : SplitHostPort(text);
  const absl::string_view port = parts.port.value_or(kCoordinatorPort);
  int number = 0;
  if (parts.host.empty() || !absl::SimpleAtoi(port, &number) || number < 0 || number > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("invalid value \"", text,
                                                   "\": expected HOST:PORT, HOST (port ",
                                                   kCoordinatorPort, ") or unix:PATH"));
  }
  const bool v6 = absl::StrContains(parts.host, ':');
  return absl::StrCat(v6 ? "[" : "", parts.host, v6 ? "]:" : ":", port);
}

}  // namespace lockstep
