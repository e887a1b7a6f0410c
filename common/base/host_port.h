// "HOST:PORT" taken apart: addresses to listen on, to connect to, of peers and of options.
#pragma once

#include <cstddef>
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

// Whether `host`, without brackets and a port, is this machine by its name alone: localhost, an
// address of 127.0.0.0/8 or ::1. "127.example" is not.
bool IsLoopbackHost(absl::string_view host);

// Whether `host` is localhost or below it, with or without the root's dot: this machine even where
// neither a file nor a server knows the name (RFC 6761, 6.3).
bool IsLocalhost(absl::string_view host);

// The port of a coordinator, unless another one is given: that of the documents and of deploy/.
inline constexpr int kCoordinatorPort = 7411;

// A Unix socket's path has no more: sockaddr_un has room for one byte beyond them.
inline constexpr size_t kMaxUnixPathBytes = 107;

// A coordinator's address as a person gives it, with its port: "host" becomes "host:7411", "::1"
// "[::1]:7411". "unix:PATH" and what names a resolver ("dns:///host:1") stay. InvalidArgument for a
// port that is none, no host, or a path that is too long for a socket: `invalid value "host:x":
// expected HOST:PORT, ...`.
absl::StatusOr<std::string> CoordinatorAddress(absl::string_view text);

}  // namespace lockstep
