#include "agent/http/url.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "agent/http/domain_name.h"
#include "agent/http/url_characters.h"
#include "common/base/percent_encoding.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

std::string RemoveDotSegments(absl::string_view path) {
  std::vector<absl::string_view> kept;
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  for (size_t i = 1; i < segments.size(); ++i) {  // segments[0] stands before the first slash
    const bool last = i + 1 == segments.size();
    if (segments[i] == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
      if (last) {
        kept.emplace_back("");
      }
    } else if (segments[i] != "." || last) {
      kept.push_back(segments[i] == "." ? "" : segments[i]);
    }
  }
  std::string out;
  for (const absl::string_view segment : kept) {
    absl::StrAppend(&out, "/", segment);
  }
  return out.empty() ? "/" : out;
}

// The length of a scheme at the front of `text`, or 0 if there is none.
size_t SchemeLength(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == ':') {
      return i;
    }
    if (!absl::ascii_isalpha(c) &&
        (i == 0 || (!absl::ascii_isdigit(c) && c != '+' && c != '-' && c != '.'))) {
      return 0;
    }
  }
  return 0;
}

// What a script puts in for a port that is not a number: a variable that is not set, or the "${}"
// of a template's name.
bool StandsForPort(absl::string_view text) {
  return text.empty() || text == "undefined" || text == "null" || text == "NaN" ||
         (absl::StrContains(text, '$') &&
          text.find_first_not_of("0123456789${}") == absl::string_view::npos);
}

bool IsPort(absl::string_view text) {
  int port = 0;
  return text.find_first_not_of("0123456789") == absl::string_view::npos &&
         absl::SimpleAtoi(text, &port) && port <= 65535;
}

enum class Readable { kNo, kMaybe };

// Where the credentials at the front of `text` end, which is a URL after its "//"; npos if there
// are none. A "/" in a password, or a "?" or "#", ends the authority for a parser: what looks like
// a port then is none, and stays hidden, too. Digits are a port, but not in what is not a URL.
size_t EndOfCredentials(absl::string_view text, Readable readable) {
  constexpr size_t kNone = absl::string_view::npos;
  const size_t end = text.find_first_of("/?#");
  const absl::string_view authority = text.substr(0, end);
  const size_t at = authority.rfind('@'), colon = authority.rfind(':');
  if (at != kNone || end == kNone || colon == kNone || authority[0] == '[') {
    return at;
  }
  const absl::string_view port = authority.substr(colon + 1);
  if (StandsForPort(port) || (readable == Readable::kMaybe && IsPort(port))) {
    return at;
  }
  return text.substr(0, text[end] == '/' ? text.find_first_of("?#") : kNone).rfind('@');
}

std::string ReplaceCredentials(absl::string_view text, absl::string_view by,
                               Readable readable = Readable::kMaybe) {
  const size_t slashes = text.find("//");
  if (slashes == absl::string_view::npos || slashes > text.find_first_of("/?#")) {
    return std::string(text);
  }
  const size_t begin = slashes + 2;
  const size_t at = EndOfCredentials(text.substr(begin), readable);
  return at == absl::string_view::npos
             ? std::string(text)
             : absl::StrCat(text.substr(0, begin), by, text.substr(begin + at + 1));
}

constexpr char kMask[] = "****:****@";

absl::Status ParseError(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("parse ", Quoted(ReplaceCredentials(text, kMask, Readable::kNo)), ": ", why));
}

absl::Status ParseCredentials(absl::string_view text, absl::string_view credentials, Url& url) {
  const bool allowed = std::all_of(credentials.begin(), credentials.end(), [](char c) {
    return kAllowedAnywhere.Has(c) || absl::StrContains("!$&'()*+,;=:%@", c);
  });
  if (!allowed ||
      !BadEscape(credentials).empty()) {  // which is not told, as it may be of a password
    return ParseError(text, "net/url: invalid userinfo");
  }
  const size_t colon = credentials.find(':');
  url.has_credentials = true;
  url.user = PercentDecoded(credentials.substr(0, colon));
  if (colon != absl::string_view::npos) {
    url.password = PercentDecoded(credentials.substr(colon + 1));
  }
  return absl::OkStatus();
}

// Reads the port, ":81", of which nothing may be there.
absl::Status ParsePort(absl::string_view text, absl::string_view port, Url& url) {
  url.port = DefaultPort(url.scheme);
  if (port.empty() || port == ":") {
    return absl::OkStatus();
  }
  const absl::string_view digits = port.substr(1);
  const bool of_password = !url.has_credentials && MaskCredentials(text) != text;
  if (port[0] != ':' || digits.find_first_not_of("0123456789") != absl::string_view::npos) {
    return ParseError(text, of_password
                                ? "net/url: invalid userinfo"
                                : absl::StrCat("invalid port ", Quoted(port), " after host"));
  }
  if (!absl::SimpleAtoi(digits, &url.port) || url.port > 65535) {
    return absl::OutOfRangeError(
        absl::StrCat("dial tcp: address ", of_password ? "" : digits, ": invalid port"));
  }
  return absl::OkStatus();
}

// Reads a name, or the address that stood in brackets.
absl::Status ParseHost(absl::string_view text, absl::string_view host, bool in_brackets, Url& url) {
  for (const char c : host) {
    if (static_cast<unsigned char>(c) <= ' ' ||
        (!kAllowedAnywhere.Has(c) && absl::StrContains("\"<>\\^`{|}\x7f", c))) {
      return ParseError(text, absl::StrCat("invalid character ", Quoted({&c, 1}), " in host name"));
    }
  }
  absl::string_view bad = BadEscape(host);
  const absl::string_view before_zone = in_brackets ? host.substr(0, host.find("%25")) : host;
  if (bad.empty()) {
    bad = AsciiEscape(host);
  }
  if (!bad.empty()) {
    return ParseError(text, absl::StrCat("invalid URL escape ", Quoted(bad)));
  }
  if (in_brackets && !(absl::StrContains(before_zone, ':') && IsIpLiteral(before_zone))) {
    return ParseError(text,
                      absl::StrCat("invalid host: ", Quoted(host), " is not an IPv6 address"));
  }
  const std::string decoded = PercentDecoded(host);
  std::optional<std::string> name = HostToAscii(decoded);
  if (!name.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("lookup ", decoded, ": no domain may have this name"));
  }
  url.host = *std::move(name);
  if (absl::EqualsIgnoreCase(url.host, decoded) && url.host != decoded) {
    url.spelling = in_brackets ? absl::StrCat("[", decoded, "]") : decoded;
  }
  return absl::OkStatus();
}

// Completes `url.spelling`, which has the host if it is spelt in capitals; `port` is what ParsePort
// has read.
void SpellPort(absl::string_view port, Url& url) {
  const bool says_port = port.size() > 1;
  const bool own = says_port && (url.port == DefaultPort(url.scheme) || port[1] == '0');
  if (url.spelling.empty() && own) {
    url.spelling = absl::StrContains(url.host, ':') ? absl::StrCat("[", url.host, "]") : url.host;
  }
  if (!url.spelling.empty() && says_port) {
    absl::StrAppend(&url.spelling, port);
  }
}

// Reads "user:password@host:port" into `url`; `text` is the whole URL, for messages.
absl::Status ParseAuthority(absl::string_view text, absl::string_view authority, Url& url) {
  if (const size_t at = authority.rfind('@'); at != absl::string_view::npos) {
    if (absl::Status read = ParseCredentials(text, authority.substr(0, at), url); !read.ok()) {
      return read;
    }
    authority.remove_prefix(at + 1);
  }
  const bool in_brackets = absl::ConsumePrefix(&authority, "[");
  const size_t end = authority.find(in_brackets ? ']' : ':');
  if (in_brackets && end == absl::string_view::npos) {
    return ParseError(text, "missing ']' in host");
  }
  const absl::string_view host = authority.substr(0, end);
  if (absl::Status read = ParseHost(text, host, in_brackets, url); !read.ok()) {
    return read;
  }
  const absl::string_view port = authority.substr(host.size() + (in_brackets ? 1 : 0));
  absl::Status read = ParsePort(text, port, url);
  SpellPort(port, url);
  return read;
}

absl::Status SetPathAndQuery(absl::string_view text, absl::string_view target, Url& url) {
  const size_t question = target.find('?');
  const absl::string_view path = target.substr(0, question);
  if (const absl::string_view bad = BadEscape(path); !bad.empty()) {
    return ParseError(text, absl::StrCat("invalid URL escape ", Quoted(bad)));
  }
  url.path = path.empty() ? "/" : Escaped(path, kAllowedInPath);
  url.has_query = question != absl::string_view::npos;
  url.query = url.has_query ? Escaped(target.substr(question + 1), kAllowedInQuery) : "";
  return absl::OkStatus();
}

absl::Status CheckCharacters(absl::string_view text) {
  const bool plain = std::none_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  return plain ? absl::OkStatus() : ParseError(text, "net/url: invalid control character in URL");
}

// Whether `rest`, in which there is no scheme, may be a path: what has a colon where a scheme's
// would be is rather an address without one, "127.0.0.1:80/path".
absl::Status CheckRelative(absl::string_view text, absl::string_view rest) {
  if (absl::StartsWith(rest, ":")) {
    return ParseError(text, "missing protocol scheme");
  }
  return absl::StrContains(rest.substr(0, rest.find_first_of("/?")), ':')
             ? ParseError(text, "first path segment in URL cannot contain colon")
             : absl::OkStatus();
}

}  // namespace

std::string Url::authority() const {
  std::string text = absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
  if (port != DefaultPort(scheme)) {
    absl::StrAppend(&text, ":", port);
  }
  return text;
}

std::string Url::login() const {
  return !has_credentials ? ""
                          : absl::StrCat(Escaped(user, kAllowedAnywhere), ":",
                                         Escaped(password, kAllowedAnywhere), "@");
}

std::string Url::origin() const {
  return absl::StrCat(scheme, "://", authority());
}

std::string Url::target() const {
  return has_query ? absl::StrCat(path, "?", query) : path;
}

std::string Url::request_url() const {
  return absl::StrCat(origin(), target());
}

std::string Url::display_url() const {
  return absl::StrCat(scheme, "://", has_credentials ? "****:****@" : "", host_header(), target(),
                      fragment.empty() ? "" : "#", fragment);
}

int DefaultPort(absl::string_view scheme) {
  if (scheme == "http" || scheme == "ws") {
    return 80;
  }
  return scheme == "https" || scheme == "wss" ? 443 : 0;
}

std::string MaskCredentials(absl::string_view text) {
  return ReplaceCredentials(text, kMask);
}

std::string WithoutCredentials(absl::string_view text) {
  return ReplaceCredentials(text, "");
}

absl::StatusOr<Url> ParseUrl(absl::string_view text) {
  if (const absl::Status checked = CheckCharacters(text); !checked.ok()) {
    return checked;
  }
  absl::string_view rest = text;
  Url url;
  if (const size_t hash = rest.find('#'); hash != absl::string_view::npos) {
    url.fragment = Escaped(rest.substr(hash + 1), kAllowedInFragment);
    rest = rest.substr(0, hash);
  }
  const size_t scheme_length = SchemeLength(rest);
  if (scheme_length == 0) {
    const absl::Status checked = CheckRelative(text, rest);
    return !checked.ok() ? checked
                         : absl::FailedPreconditionError("unsupported protocol scheme \"\"");
  }
  url.scheme = absl::AsciiStrToLower(rest.substr(0, scheme_length));
  rest.remove_prefix(scheme_length + 1);
  const auto without_host = [&url] {
    return absl::FailedPreconditionError(
        DefaultPort(url.scheme) == 0
            ? absl::StrCat("unsupported protocol scheme \"", url.scheme, "\"")
            : "http: no Host in request URL");
  };
  if (!absl::ConsumePrefix(&rest, "//")) {
    return without_host();
  }
  const size_t authority_end = rest.find_first_of("/?");
  const absl::Status authority = ParseAuthority(text, rest.substr(0, authority_end), url);
  if (!authority.ok()) {
    return authority;
  }
  if (url.host.empty()) {
    return without_host();
  }
  rest = authority_end == absl::string_view::npos ? "" : rest.substr(authority_end);
  const absl::Status set = SetPathAndQuery(text, rest, url);
  return set.ok() ? absl::StatusOr<Url>(std::move(url)) : set;
}

bool NamesAuthority(absl::string_view reference) {
  return absl::StartsWith(reference, "//") && reference.size() > 2 &&
         !absl::StrContains("/?#", reference[2]);
}

absl::StatusOr<Url> ResolveUrl(const Url& base, absl::string_view reference) {
  const bool has_scheme = SchemeLength(reference) > 0;
  if (has_scheme || NamesAuthority(reference)) {
    absl::StatusOr<Url> url =
        ParseUrl(has_scheme ? std::string(reference) : absl::StrCat(base.scheme, ":", reference));
    if (url.ok()) {
      url->path = RemoveDotSegments(url->path);
    }
    return url;
  }
  const absl::string_view text = reference;
  if (!absl::StartsWith(reference, "///")) {
    absl::ConsumePrefix(&reference, "//");  // an authority of nothing, before an empty path
  }
  Url resolved = base;
  resolved.fragment.clear();
  if (const size_t hash = reference.find('#'); hash != absl::string_view::npos) {
    resolved.fragment = Escaped(reference.substr(hash + 1), kAllowedInFragment);
    reference = reference.substr(0, hash);
  }
  for (const absl::Status& checked : {CheckCharacters(text), CheckRelative(text, reference)}) {
    if (!checked.ok()) {
      return checked;
    }
  }
  const absl::string_view path = reference.substr(0, reference.find('?'));
  const absl::string_view tail = reference.substr(path.size());
  std::string target;
  if (path.empty()) {
    target = absl::StrCat(base.path,
                          tail.empty() && base.has_query ? absl::StrCat("?", base.query) : tail);
  } else if (path[0] == '/') {
    target = absl::StrCat(RemoveDotSegments(path), tail);
  } else {
    const std::string merged = absl::StrCat(base.path.substr(0, base.path.rfind('/') + 1), path);
    target = absl::StrCat(RemoveDotSegments(merged), tail);
  }
  const absl::Status set = SetPathAndQuery(text, target, resolved);
  return set.ok() ? absl::StatusOr<Url>(std::move(resolved)) : set;
}

std::string QueryEscape(absl::string_view text) {
  return absl::StrReplaceAll(Escaped(text, kAllowedAnywhere), {{"%20", "+"}});
}

bool IsIpLiteral(absl::string_view host) {
  const std::string text(host);
  in6_addr ignored;
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

}  // namespace lockstep::agent
