// How a request goes on the wire, whoever carries it: what follows its head, and which of a
// script's headers are not sent. Go's rules. Pure.
#pragma once

#include "absl/strings/string_view.h"

#include "agent/http/message.h"

namespace lockstep::agent {

// What follows a request's head: nothing, a body, or a body of no chunks, which is what an empty
// body that is not the same as none is sent as.
enum class BodyForm { kNothing, kBody, kChunks };
BodyForm BodyFormOf(const HttpRequest& request);

// Whether a request may be sent again, although the first one may have been worked on.
bool MayBeRepeated(absl::string_view method);

// Whether a script's header is not sent: what Go's client leaves to the protocol, and an empty
// User-Agent, which is the way to send none, as in k6.
bool IsLeftOut(absl::string_view header, absl::string_view value);

}  // namespace lockstep::agent
