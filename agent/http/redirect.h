// Which request follows a redirect, by the rules of Go's client (which k6 uses). Pure.
#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "agent/http/message.h"

namespace lockstep::agent {

// True for 301, 302, 303, 307 and 308.
bool IsRedirectStatus(int status);

// The value of a header, by a name in any case; nothing if it is not there.
std::optional<std::string> FindHeader(const HeaderList& headers, absl::string_view name);

// The request after `request` was answered with `response`; nothing if that is not a redirect or
// has no Location. 301, 302 and 303 turn any method but GET and HEAD into GET without a
// body; 307 and 308 keep both. The fragment is inherited. Cookie, Authorization and the like stay
// behind when the host changes to one that is not below the first; a Cookie header always stays
// behind, as the caller's jar writes it anew. Referer is set as Go does. InvalidArgument: the
// Location cannot be read: `failed to parse Location header "...": ...`.
absl::StatusOr<std::optional<HttpRequest>> FollowRedirect(const HttpRequest& request,
                                                          const HttpResponse& response);

}  // namespace lockstep::agent
