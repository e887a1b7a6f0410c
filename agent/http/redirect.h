// Which request follows a redirect, by the rules of Go's client (which k6 uses). Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "agent/http/message.h"

namespace lockstep::agent {

// True for 301, 302, 303, 307 and 308.
bool IsRedirectStatus(int status);

// What a chain of redirects has to know of its first request.
struct RedirectOrigin {
  std::string host;                    // secrets go to it and to hosts below it
  std::optional<std::string> referer;  // as the script set it: each hop has it
};
RedirectOrigin OriginOf(const HttpRequest& first);

// Where a redirect leads.
struct RedirectTarget {
  Url url;
  std::string shown;                  // what tags and the response call it
  std::optional<HttpError> hopeless;  // why no request can be sent there; `url` is empty then
};
// Where `response` to a request for `url` leads; nothing if it is not a redirect or has no
// Location.
// InvalidArgument: the Location cannot be read: `failed to parse Location header "...": ...`.
absl::StatusOr<std::optional<RedirectTarget>> FindRedirectTarget(const Url& url,
                                                                 const HttpResponse& response);

// The request after `request` was answered with `response`, which leads to `target`. 301, 302 and
// 303 turn any method but GET and HEAD into GET without a body; 307 and 308 keep both. The fragment
// is inherited. Authorization and the like stay behind when the host changes to one that is not
// below the first; Host, where the Location names a host; a Cookie header always, as the caller's
// jar writes it anew. Referer is the script's or the URL of `request`, but is not told from https
// to http.
HttpRequest FollowRedirect(const RedirectOrigin& origin, const HttpRequest& request,
                           const HttpResponse& response, Url target);

}  // namespace lockstep::agent
