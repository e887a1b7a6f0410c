// Where an http:// or https:// URL leads. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// "https", "http", or "" for all else that may stand before "://".
absl::string_view HttpScheme(absl::string_view url);

// "host" or "host:port", lower-case and without a login; "" if `url` is neither http nor https.
std::string HttpAuthority(absl::string_view url);

// Whether the host of `url` is this machine by its name alone: localhost, 127.0.0.0/8 or [::1].
bool IsLoopback(absl::string_view url);

// `url` without login, query and fragment: what may be logged, as secrets stand in the others.
std::string WithoutSecrets(absl::string_view url);

}  // namespace lockstep::coordinator
