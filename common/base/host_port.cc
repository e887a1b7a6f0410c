#include "common/base/host_port.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

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

bool IsLoopbackHost(absl::string_view host) {
  const std::string text(host);
  in_addr v4;
  in6_addr v6;
  return absl::EqualsIgnoreCase(host, "localhost") ||
         (inet_pton(AF_INET, text.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET) ||
         (inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

bool IsLocalhost(absl::string_view host) {
  host = absl::StripSuffix(host, ".");
  return absl::EqualsIgnoreCase(host, "localhost") || absl::EndsWithIgnoreCase(host, ".localhost");
}

absl::StatusOr<std::string> CoordinatorAddress(absl::string_view text) {
  if (absl::string_view path = text; absl::ConsumePrefix(&path, "unix:") &&
                                     absl::StripPrefix(path, "//").size() > kMaxUnixPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid value \"", text, "\": expected a path of at most ", kMaxUnixPathBytes,
                     " bytes, as every Unix socket's"));
  }
  if (absl::StartsWith(text, "unix:") || absl::StrContains(text, ":///")) {
    return std::string(text);
  }
  // A bare IPv6 address has no port behind its last colon.
  const bool bare = std::count(text.begin(), text.end(), ':') > 1 && text.front() != '[';
  const HostAndPort parts =
      bare ? HostAndPort{.host = text, .port = std::nullopt} : SplitHostPort(text);
  int port = kCoordinatorPort;
  if (parts.host.empty() || (parts.port.has_value() && !absl::SimpleAtoi(*parts.port, &port)) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("invalid value \"", text,
                                                   "\": expected HOST:PORT, HOST (port ",
                                                   kCoordinatorPort, ") or unix:PATH"));
  }
  const bool v6 = absl::StrContains(parts.host, ':');
  return absl::StrCat(v6 ? "[" : "", parts.host, v6 ? "]:" : ":", port);
}

}  // namespace lockstep
