#include "agent/http/cookie_jar.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "common/base/http_token.h"

namespace lockstep::agent {
namespace {

// RFC 6265, section 5.1.4.
std::string DefaultPath(const Url& url) {
  const size_t slash = url.path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : url.path.substr(0, slash);
}

bool PathMatches(absl::string_view request_path, absl::string_view cookie_path) {
  return absl::StartsWith(request_path, cookie_path) &&
         (request_path.size() == cookie_path.size() || absl::EndsWith(cookie_path, "/") ||
          request_path[cookie_path.size()] == '/');
}

bool IsBelow(absl::string_view host, absl::string_view domain) {
  return host == domain || (absl::EndsWith(host, domain) && host.size() > domain.size() &&
                            host[host.size() - domain.size() - 1] == '.' && !IsIpLiteral(host));
}

// Over TLS, or to this machine, to which no one listens: as browsers and Go have it.
bool IsSecure(const Url& url) {
  return url.scheme == "https" || url.scheme == "wss" || IsLoopbackHost(url.host) ||
         absl::EndsWith(url.host, ".localhost");
}

bool MayStandInValue(char c) {
  return c >= ' ' && c < 0x7f && c != '"' && c != ';' && c != '\\';
}

bool MayBeValue(absl::string_view value) {
  return std::all_of(value.begin(), value.end(), MayStandInValue);
}

// The domain below which a cookie is for, by its attribute `given`, which is not empty; nothing
// where `host` may not say that.
std::optional<std::string> DomainOf(absl::string_view host, absl::string_view given) {
  std::string domain = absl::AsciiStrToLower(given);
  if (IsIpLiteral(host)) {
    return domain == host ? std::optional(std::move(domain)) : std::nullopt;
  }
  domain = std::string(absl::StripPrefix(domain, "."));
  return !domain.empty() && IsBelow(host, domain) ? std::optional(std::move(domain)) : std::nullopt;
}

void ReadAttribute(absl::string_view name, absl::string_view value, Cookie& cookie) {
  if (!MayBeValue(value)) {
    return;
  }
  if (absl::EqualsIgnoreCase(name, "Domain")) {
    cookie.domain = std::string(value);
  } else if (absl::EqualsIgnoreCase(name, "Path")) {
    cookie.path = std::string(value);
  } else if (absl::EqualsIgnoreCase(name, "Secure")) {
    cookie.secure = true;
  } else if (absl::EqualsIgnoreCase(name, "HttpOnly")) {
    cookie.http_only = true;
  } else if (absl::EqualsIgnoreCase(name, "Expires")) {
    cookie.expires = ParseCookieDate(value);
  } else if (absl::EqualsIgnoreCase(name, "Max-Age")) {
    int64_t seconds = 0;
    const bool odd =
        value.size() > 1 && value[0] == '0' && value.find_first_not_of('0') < value.size();
    if (!odd && absl::SimpleAtoi(value, &seconds)) {
      cookie.max_age = seconds <= 0 ? -1 : seconds;
    }
  }
}

}  // namespace

std::optional<absl::Time> ParseCookieDate(absl::string_view text) {
  for (const char* format : {"%a, %d %b %Y %H:%M:%S %Z",
                             "%A, %d-%b-%y %H:%M:%S GMT",  // before %Y, which takes 23 for a year
                             "%a, %d-%b-%Y %H:%M:%S %Z", "%a %b %d %H:%M:%S %Y"}) {
    absl::Time time;
    if (absl::ParseTime(format, text, &time, nullptr)) {
      return time;
    }
  }
  return std::nullopt;
}

std::optional<Cookie> ParseSetCookie(absl::string_view line) {
  std::vector<absl::string_view> parts = absl::StrSplit(line, ';');
  parts[0] = absl::StripAsciiWhitespace(parts[0]);
  const size_t equals = parts[0].find('=');
  if (equals == absl::string_view::npos) {
    return std::nullopt;
  }
  Cookie cookie;
  cookie.name = std::string(absl::StripAsciiWhitespace(parts[0].substr(0, equals)));
  absl::string_view value = parts[0].substr(equals + 1);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (!IsToken(cookie.name) || !MayBeValue(value)) {
    return std::nullopt;
  }
  cookie.value = std::string(value);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> attribute =
        absl::StrSplit(absl::StripAsciiWhitespace(parts[i]), absl::MaxSplits('=', 1));
    ReadAttribute(attribute.first, attribute.second, cookie);
  }
  return cookie;
}

std::vector<Cookie> CookiesOf(const HeaderList& headers) {
  std::vector<Cookie> cookies;
  for (const auto& [name, value] : headers) {
    if (absl::EqualsIgnoreCase(name, "Set-Cookie")) {
      if (std::optional<Cookie> cookie = ParseSetCookie(value)) {
        cookies.push_back(*std::move(cookie));
      }
    }
  }
  return cookies;
}

void AppendCookie(absl::string_view name, absl::string_view value, std::string* header) {
  const bool quote = value.find_first_of(" ,") != absl::string_view::npos;
  header->append(header->empty() ? "" : "; ");
  for (const char c : name) {
    header->push_back(c == '\r' || c == '\n' ? '-' : c);
  }
  header->append(quote ? "=\"" : "=");
  for (const char c : value) {
    if (MayStandInValue(c)) {
      header->push_back(c);
    }
  }
  header->append(quote ? "\"" : "");
}

void CookieJar::Set(const Url& url, const Cookie& cookie, absl::Time now) {
  Entry entry{.cookie = cookie, .domain = url.host, .path = cookie.path};
  if (!cookie.domain.empty()) {
    std::optional<std::string> domain = DomainOf(url.host, cookie.domain);
    if (!domain.has_value()) {
      return;
    }
    entry.host_only = IsIpLiteral(url.host);
    entry.domain = *std::move(domain);
  }
  if (entry.path.empty() || entry.path[0] != '/') {
    entry.path = DefaultPath(url);
  }
  if (cookie.max_age != 0) {
    entry.until = cookie.max_age < 0 ? absl::InfinitePast() : now + absl::Seconds(cookie.max_age);
  } else if (cookie.expires) {
    entry.until = *cookie.expires;
  }
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&entry](const Entry& other) {
    return other.cookie.name == entry.cookie.name && other.domain == entry.domain &&
           other.path == entry.path;
  });
  if (entry.until <= now) {
    if (same != entries_.end()) {
      entries_.erase(same);
    }
    return;
  }
  if (same != entries_.end()) {
    entry.serial = same->serial;  // a replaced cookie keeps its age
    *same = std::move(entry);
    return;
  }
  MakeRoom(entry.domain, now);
  entry.serial = ++last_serial_;
  entries_.push_back(std::move(entry));
}

void CookieJar::MakeRoom(absl::string_view domain, absl::Time now) {
  if (entries_.size() < kMostOfADomain) {
    return;
  }
  Forget(now);
  const auto is_of_it = [domain](const Entry& entry) { return entry.domain == domain; };
  if (std::count_if(entries_.begin(), entries_.end(), is_of_it) >=
      static_cast<std::ptrdiff_t>(kMostOfADomain)) {
    entries_.erase(std::find_if(entries_.begin(), entries_.end(), is_of_it));
  } else if (entries_.size() >= kMost) {
    entries_.erase(entries_.begin());
  }
}

void CookieJar::SetAll(const Url& url, const HeaderList& response_headers, absl::Time now) {
  for (const Cookie& cookie : CookiesOf(response_headers)) {
    Set(url, cookie, now);
  }
}

bool CookieJar::Matches(const Entry& entry, const Url& url) {
  return (entry.host_only ? url.host == entry.domain : IsBelow(url.host, entry.domain)) &&
         PathMatches(url.path, entry.path) && (!entry.cookie.secure || IsSecure(url));
}

void CookieJar::Forget(absl::Time now) {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [now](const Entry& e) { return e.until <= now; }),
                 entries_.end());
}

std::vector<Cookie> CookieJar::For(const Url& url, absl::Time now) {
  if (entries_.empty()) {
    return {};
  }
  Forget(now);
  std::vector<const Entry*> matching;
  for (const Entry& entry : entries_) {
    if (Matches(entry, url)) {
      matching.push_back(&entry);
    }
  }
  std::sort(matching.begin(), matching.end(), [](const Entry* a, const Entry* b) {
    return a->path.size() != b->path.size() ? a->path.size() > b->path.size()
                                            : a->serial < b->serial;
  });
  std::vector<Cookie> cookies;
  for (const Entry* entry : matching) {
    cookies.push_back(entry->cookie);
  }
  return cookies;
}

std::string CookieJar::HeaderFor(const Url& url, absl::Time now) {
  std::string header;
  for (const Cookie& cookie : For(url, now)) {
    AppendCookie(cookie.name, cookie.value, &header);
  }
  return header;
}

void CookieJar::Clear(const Url& url, absl::Time now) {
  Forget(now);
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [&url](const Entry& e) { return Matches(e, url); }),
                 entries_.end());
}

void CookieJar::Delete(const Url& url, absl::string_view name, absl::Time now) {
  Forget(now);
  const auto gone = [&](const Entry& e) { return e.cookie.name == name && Matches(e, url); };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), gone), entries_.end());
}

}  // namespace lockstep::agent
