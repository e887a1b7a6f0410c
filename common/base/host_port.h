// "HOST:PORT" taken apart: addresses to listen on, to connect to, of peers and of options.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// Both point into the text.
struct HostAndPort {
  absl::string_view host;                 // without the brackets of an IPv6 address
  std::optional<absl::string_view> port;  // what follows the last colon; nothing if there is none
};

// Judges neither part: "" is a host and "x" is a port.
HostAndPort SplitHostPort(absl::string_view text);

// The port of a coordinator, unless another one is given: that of the documents and of deploy/.
inline constexpr char kCoordinatorPort[] = "7411";

// A coordinator's address as a person gives it, with its port: "host" becomes "host:7411", "::1"
// "[::1]:7411". "unix:PATH" and what names a resolver ("dns:///host:1") stay. InvalidArgument for a
// port that is none, or no host: `invalid value "host:x": expected HOST:PORT, ...`.
absl::StatusOr<std::string> CoordinatorAddress(absl::string_view text);

}  // namespace lockstep
