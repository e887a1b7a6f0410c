// What may stand where HTTP wants a name: methods, the names of headers and of cookies.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep {

// Whether `text` is a token: RFC 9110, section 5.6.2.
bool IsToken(absl::string_view text);

}  // namespace lockstep
