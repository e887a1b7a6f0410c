// Bytes as %XX, as URLs have them (RFC 3986, 2.1).
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

// The characters other than letters and digits that RFC 3986, 2.3, calls unreserved.
inline constexpr absl::string_view kUnreserved = "-._~";

// `text` with each byte as %XX but for ASCII's letters, its digits and the characters in `plain`.
std::string PercentEncoded(absl::string_view text, absl::string_view plain = kUnreserved);

// Whether `text` begins with %XX.
bool StartsWithPercentEscape(absl::string_view text);

// `text` with each %XX as the byte that it stands for; a malformed one stays as it is.
std::string PercentDecoded(absl::string_view text);

}  // namespace lockstep
