// URLs as the HTTP API needs them: split, made relative to one another, escaped the way Go's
// net/url escapes. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// An absolute URL, taken apart. `host` is lower-case and without the brackets of an IPv6 literal.
struct Url {
  std::string scheme;  // lower-case
  bool has_credentials = false;
  std::string user, password;  // decoded
  std::string host;
  int port = 0;  // explicit or the scheme's default; 0 for schemes without one
  // Host and port where the text has them otherwise than `authority()`: in capitals, or with the
  // scheme's own port.
  std::string spelling;
  std::string path;  // escaped, starts with "/" unless empty in the text: then "/"
  bool has_query = false;
  std::string query;  // as given, but for characters that may not stand in a request line
  // With "%XX" for what the URL standard does not let stand in one; it is sent to nobody.
  std::string fragment;

  // host, or host:port where the port is not the scheme's; IPv6 in brackets.
  std::string authority() const;
  // The same as the text has it, as Go does: what a Host header says.
  std::string host_header() const { return spelling.empty() ? authority() : spelling; }
  // "user:password@", escaped; "" without credentials.
  std::string login() const;
  // "scheme://host[:port]".
  std::string origin() const;
  // path?query
  std::string target() const;
  // The whole, without credentials and fragment: what curl is asked for.
  std::string request_url() const;
  // The whole with credentials replaced by "****:****": what tags and responses show.
  std::string display_url() const;
};

// In Go's words. InvalidArgument: no URL (`parse "http://a b/": invalid character " " in host
// name`, `... : missing protocol scheme`, `... : invalid URL escape "%zz"`). A URL that no request
// can be sent to is FailedPrecondition (no scheme or one without a host, no host) or OutOfRange
// (the port).
absl::StatusOr<Url> ParseUrl(absl::string_view text);

// `text` with "****:****" in the place of a URL's credentials, and otherwise as it is written: what
// may be logged, or be a tag. Not an error if it is not a URL.
std::string MaskCredentials(absl::string_view text);
// The same without them.
std::string WithoutCredentials(absl::string_view text);

// Whether `reference` has no scheme, but an authority: "//host/path". As in Go, "//" and "///path"
// have none.
bool NamesAuthority(absl::string_view reference);
// `reference` against `base`, as RFC 3986, section 5.2.
absl::StatusOr<Url> ResolveUrl(const Url& base, absl::string_view reference);

// The port of "http", "https", "ws", "wss"; 0 for others.
int DefaultPort(absl::string_view scheme);

// "%XX" for all but unreserved characters, and "+" for a space: Go's url.QueryEscape, for keys and
// values of forms.
std::string QueryEscape(absl::string_view text);

// True for dotted IPv4 and for IPv6 without brackets.
bool IsIpLiteral(absl::string_view host);

}  // namespace lockstep::agent
