#include "agent/http/redirect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

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

bool SameHostOrBelow(absl::string_view next, absl::string_view first) {
  return next == first || absl::EndsWith(next, absl::StrCat(".", first));
}

}  // namespace

bool IsRedirectStatus(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::optional<std::string> FindHeader(const HeaderList& headers, absl::string_view name) {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<HttpRequest>> FollowRedirect(const HttpRequest& request,
                                                          const HttpResponse& response) {
  const std::optional<std::string> location = FindHeader(response.headers, "Location");
  if (!IsRedirectStatus(response.status) || !location || location->empty()) {
    return std::optional<HttpRequest>();
  }
  const Url& url = request.url;
  absl::StatusOr<Url> next = ResolveUrl(url, *location);
  if (!next.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("failed to parse Location header \"", *location,
                                                   "\": ", next.status().message()));
  }
  if (next->fragment.empty()) {
    next->fragment = url.fragment;
  }
  const bool keeps_body = response.status == 307 || response.status == 308;
  const bool keeps_secrets = SameHostOrBelow(next->host, url.host);
  const bool same_host = next->authority() == url.authority();
  std::optional<HttpRequest> hop(request);
  HttpRequest& following = *hop;
  following.url = *std::move(next);
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
           (!same_host && absl::EqualsIgnoreCase(name, "Host")) ||
           (!keeps_body && DescribesBody(name));
  };
  headers.erase(std::remove_if(headers.begin(), headers.end(), stays_behind), headers.end());
  if (const std::optional<std::string> given = FindHeader(request.headers, "Referer")) {
    headers.emplace_back("Referer", *given);
  } else if (url.scheme != "https" || following.url.scheme == "https") {
    headers.emplace_back("Referer", url.request_url());
  }
  return hop;
}

}  // namespace lockstep::agent
