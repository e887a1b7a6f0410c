// "HOST:PORT" taken apart: addresses to listen on, to connect to, of peers and of options.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace lockstep {

// Both point into the text.
struct HostAndPort {
  absl::string_view host;                 // without the brackets of an IPv6 address
  std::optional<absl::string_view> port;  // what follows the last colon; nothing if there is none
};

// Judges neither part: "" is a host and "x" is a port.
HostAndPort SplitHostPort(absl::string_view text);

}  // namespace lockstep
