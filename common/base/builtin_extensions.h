// The extensions of k6 that are part of Lockstep, as scripts import them.
#pragma once

#include <array>

#include "absl/strings/string_view.h"

namespace lockstep {

inline constexpr absl::string_view kExtensionPrefix = "k6/x/";
inline constexpr std::array<absl::string_view, 5> kBuiltinExtensions = {
    "k6/x/dns", "k6/x/icmp", "k6/x/mqtt", "k6/x/redis", "k6/x/tls"};

}  // namespace lockstep
