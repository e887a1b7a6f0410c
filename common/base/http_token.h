// What may stand where HTTP wants a name (methods, the names of headers and of cookies), and where
// it wants a header's value.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep {

// Whether `text` is a token: RFC 9110, section 5.6.2.
bool IsToken(absl::string_view text);

// Whether no line break or other control character of ASCII but a tab is in `text`: section 5.5.
// What has one would end the header, and begin another.
bool IsHeaderValue(absl::string_view text);

}  // namespace lockstep
