// What the name of a module or a file means. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Whether `specifier` names a module of ours rather than a file: "k6", "k6/http", "lockstep/data".
bool IsNativeName(absl::string_view specifier);

// Whether the file at `url` comes from a server.
bool IsRemote(absl::string_view url);

// The absolute URL that a module's `specifier` means in a file at `base`. InvalidArgument: neither
// relative nor absolute (packages are not looked up; for names that k6 once made a URL of it says
// which), a scheme other than file, https and http, or a local file in a module from a server.
absl::StatusOr<std::string> ResolveSpecifier(absl::string_view specifier, absl::string_view base);
// The same for a path that a file opens, which is relative without a leading "./", too.
absl::StatusOr<std::string> ResolvePath(absl::string_view specifier, absl::string_view base);

}  // namespace lockstep::agent
