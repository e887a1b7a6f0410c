// The moment at which the tests of certificates play.
#pragma once

#include <absl/time/time.h>

namespace lockstep {

constexpr absl::Duration kDay = absl::Hours(24);
inline const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);  // 2027-01-15T08:00:00Z

}  // namespace lockstep
