// Cookies of one VU (RFC 6265, without a public-suffix list): what servers set, what scripts set,
// what a request sends. Pure: the time is passed in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/message.h"
#include "agent/http/url.h"

namespace lockstep::agent {

// A cookie as a Set-Cookie line or a script gives it.
struct Cookie {
  std::string name, value;
  std::string domain;  // as it is written, ".example.com"; "": the host that set it, and no other
  std::string path;    // "": the directory of the URL
  std::optional<absl::Time> expires;
  int64_t max_age = 0;  // seconds; 0: not given; negative: delete (Max-Age=0 reads as -1, as in Go)
  bool secure = false;
  bool http_only = false;
};

// What `Expires` says, in the forms that servers use: "Tue, 14 Nov 2023 22:13:20 GMT" and the like.
// RFC 6265 accepts others, too, which hardly anybody sends.
std::optional<absl::Time> ParseCookieDate(absl::string_view text);

// One Set-Cookie value; nothing if its name is not a token or its value has characters that no
// cookie may have, as in Go.
std::optional<Cookie> ParseSetCookie(absl::string_view line);

// The cookies of all Set-Cookie lines of a response, in order.
std::vector<Cookie> CookiesOf(const HeaderList& headers);

class CookieJar {
 public:
  // Stores, replaces or (if it has expired) removes. Cookies for domains that the URL's host does
  // not belong to are ignored.
  void Set(const Url& url, const Cookie& cookie, absl::Time now);
  void SetAll(const Url& url, const HeaderList& response_headers, absl::Time now);

  // What a request to `url` sends: longer paths first, then older cookies. Expired ones are
  // forgotten.
  std::vector<Cookie> For(const Url& url, absl::Time now);
  // The same as the value of a Cookie header; "" for none.
  std::string HeaderFor(const Url& url, absl::Time now);

  // Removes the cookies that `url` would send: all of them, or those of one name.
  void Clear(const Url& url, absl::Time now);
  void Delete(const Url& url, absl::string_view name, absl::Time now);
  // Forgets everything (k6 does so after each iteration).
  void Reset() { entries_.clear(); }

  // As browsers have it: a server may send new names without end. Beyond them the oldest goes.
  static constexpr size_t kMostOfADomain = 180;
  static constexpr size_t kMost = 3000;
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Cookie cookie;
    std::string domain;
    bool host_only = true;
    std::string path;
    absl::Time until = absl::InfiniteFuture();
    uint64_t serial = 0;
  };
  static bool Matches(const Entry& entry, const Url& url);
  void Forget(absl::Time now);
  // For one more cookie of `domain`.
  void MakeRoom(absl::string_view domain, absl::Time now);

  std::vector<Entry> entries_;  // by age
  uint64_t last_serial_ = 0;
};

// Adds one cookie to the value of a Cookie header: `a=1; b=2`. As in Go, characters that may not
// stand in a value are left out, and a value with a space or a comma is quoted.
void AppendCookie(absl::string_view name, absl::string_view value, std::string* header);

}  // namespace lockstep::agent
