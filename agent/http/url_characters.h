// Which characters stand as they are in which part of a URL, and the escapes of the others, as Go's
// net/url has them. Pure.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Characters by their code. A URL is looked at with every request.
class CharSet {
 public:
  // The unreserved ones, and those of `others`.
  explicit constexpr CharSet(const char* others) {
    for (int c = 0; c < 26; ++c) {
      in_['a' + c] = in_['A' + c] = true;
    }
    for (int c = '0'; c <= '9'; ++c) {
      in_[c] = true;
    }
    for (const char* text : {"-_.~", others}) {
      for (; *text != '\0'; ++text) {
        in_[static_cast<unsigned char>(*text)] = true;
      }
    }
  }
  constexpr bool Has(char c) const { return in_[static_cast<unsigned char>(c)]; }
  bool HasAll(absl::string_view text) const {
    return std::all_of(text.begin(), text.end(), [this](char c) { return Has(c); });
  }

 private:
  bool in_[256] = {};
};

inline constexpr CharSet kAllowedAnywhere("");
inline constexpr CharSet kAllowedInPath("!$&'()*+,;=:@/[]%");
inline constexpr CharSet kAllowedInQuery("!$&'()*+,;=:@/?[]%{}|\\^`");
// All of ASCII but what the URL standard's fragment set has: a space, quotes, `<`, `>` and a
// backtick.
inline constexpr CharSet kAllowedInFragment("!$&'()*+,;=:@/?[]%{}|\\^#");

// Escapes all that is not `allowed`; escapes that are there already stay.
std::string Escaped(absl::string_view text, const CharSet& allowed);

// The first malformed escape of `text`, as Go quotes it; "" if there is none.
absl::string_view BadEscape(absl::string_view text);

// The first escape in `host`, where none is malformed, of a character of ASCII, of which only the
// percent sign may be escaped there; "" if there is none.
absl::string_view AsciiEscape(absl::string_view host);

}  // namespace lockstep::agent
