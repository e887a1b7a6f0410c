#include "agent/http/redirect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/error_code.h"
#include "agent/http/headers.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

bool IsAnyOf(absl::string_view name, std::initializer_list<absl::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [name](absl::string_view n) { return absl::EqualsIgnoreCase(name, n); });
}

bool IsSecret(absl::string_view name) {
  return IsAnyOf(name, {"Authorization", "Www-Authenticate", "Cookie2", "Proxy-Authorization",
                        "Proxy-Authenticate"});
}

bool DescribesBody(absl::string_view name) {
  return IsAnyOf(name, {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
                        "Content-Length"});
}

bool NamesHost(absl::string_view location) {
  return NamesAuthority(location) ||
         absl::StrContains(location.substr(0, location.find_first_of("/?#")), ':');
}

bool SameHostOrBelow(absl::string_view next, absl::string_view first) {
  return next == first || absl::EndsWith(next, absl::StrCat(".", first));
}

std::string ReferrerOf(const Url& url) {
  return absl::StrCat(url.scheme, "://", url.host_header(), url.target());
}

}  // namespace

bool IsRedirectStatus(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

RedirectOrigin OriginOf(const HttpRequest& first) {
  return {first.url.host, FindHeader(first.headers, "Referer")};
}

absl::StatusOr<std::optional<RedirectTarget>> FindRedirectTarget(const Url& url,
                                                                 const HttpResponse& response) {
  std::optional<RedirectTarget> target;
  const std::optional<std::string> location =
      IsRedirectStatus(response.status) ? FindHeader(response.headers, "Location") : std::nullopt;
  if (!location || location->empty()) {
    return target;
  }
  absl::StatusOr<Url> resolved = ResolveUrl(url, *location);
  if (absl::IsInvalidArgument(resolved.status())) {
    return absl::InvalidArgumentError(absl::StrCat("failed to parse Location header ",
                                                   Quoted(MaskCredentials(*location)), ": ",
                                                   resolved.status().message()));
  }
  target.emplace();
  if (resolved.ok()) {
    target->url = *std::move(resolved);
    if (target->url.fragment.empty()) {
      target->url.fragment = url.fragment;
    }
    target->shown = target->url.display_url();
  } else {
    const bool names_scheme = !absl::StartsWith(*location, "//");
    target->shown =
        MaskCredentials(names_scheme ? *location : absl::StrCat(url.scheme, ":", *location));
    target->hopeless = HttpError{error_code::OfUnsendable(resolved.status()),
                                 std::string(resolved.status().message())};
  }
  return target;
}

HttpRequest FollowRedirect(const RedirectOrigin& origin, const HttpRequest& request,
                           const HttpResponse& response, Url target) {
  const Url& url = request.url;
  const bool keeps_body = response.status == 307 || response.status == 308;
  const bool keeps_secrets = SameHostOrBelow(target.host, origin.host);
  const bool names_host = NamesHost(FindHeader(response.headers, "Location").value_or(""));
  HttpRequest following(request);
  following.url = std::move(target);
  following.follow_up = true;
  if (!keeps_body) {
    if (request.method != "GET" && request.method != "HEAD") {
      following.method = "GET";
    }
    following.body.clear();
    following.has_body = false;
  }
  HeaderList& headers = following.headers;
  const auto stays_behind = [&](const std::pair<std::string, std::string>& header) {
    const std::string& name = header.first;
    return IsAnyOf(name, {"Cookie", "Referer"}) || (!keeps_secrets && IsSecret(name)) ||
           (names_host && absl::EqualsIgnoreCase(name, "Host")) ||
           (!keeps_body && DescribesBody(name));
  };
  headers.erase(std::remove_if(headers.begin(), headers.end(), stays_behind), headers.end());
  if (url.scheme != "https" || following.url.scheme == "https") {
    headers.emplace_back("Referer", origin.referer ? *origin.referer : ReferrerOf(url));
  }
  return following;
}

}  // namespace lockstep::agent
