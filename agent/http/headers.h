// Names and values of HTTP headers. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "agent/http/message.h"

namespace lockstep::agent {

// "X-One" for "x-one": each part's first letter upper case, the others lower; a name that is not a
// token stays as it is.
std::string CanonicalHeader(absl::string_view name);

// InvalidArgument, in Go's words, if a request must not have this header: its name is none, or its
// value has a line break.
absl::Status CheckHeader(absl::string_view name, absl::string_view value);

// Whether a header's value, as a list with commas, has `token`, in any case.
bool HasToken(absl::string_view list, absl::string_view token);

// The value of a header, by a name in any case; nothing if it is not there.
std::optional<std::string> FindHeader(const HeaderList& headers, absl::string_view name);

}  // namespace lockstep::agent
