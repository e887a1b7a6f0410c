// Names of hosts in other scripts than Latin.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The ASCII form of a domain (UTF-8), as the WHATWG URL standard has it: Unicode's UTS #46 without
// the transitional mappings, and without limits on lengths and hyphens. Nothing where it is no
// domain; lower-case otherwise.
std::optional<std::string> DomainToAscii(absl::string_view domain);

// A host as a request names it, or a pattern of hosts: in lower case, and as DomainToAscii only
// where it is not in ASCII.
std::optional<std::string> HostToAscii(absl::string_view host);

}  // namespace lockstep::agent
