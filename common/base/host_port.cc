#include "common/base/host_port.h"

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

}  // namespace lockstep
