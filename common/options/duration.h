// One meaning for every duration, wherever a user writes one: a string with units ("1m30s", "1.5s",
// "1d12h"), or a number, which is milliseconds. Anything else is an error that shows the value.
// Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json_fwd.hpp"

namespace lockstep {

// "1h2m3.5s", "300µs", "1d12h" (days, whole ones, only in front), "-1s"; without a unit ("4500",
// "1.5") milliseconds. Exact to the nanosecond, what is finer is cut off. InvalidArgument, showing
// the text, for anything else, and for more than 2^63 ns.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// The same for the command line, where a unit is required ("0" is fine without).
absl::StatusOr<absl::Duration> ParseDurationWithUnit(absl::string_view text);

// A JSON number (milliseconds) or string.
absl::StatusOr<absl::Duration> DurationFromJson(const nlohmann::json& value);

// As Go prints durations: "26h30m0s", "1m0s", "1.5s", "500ms", "300µs", "7ns", "0s"; "inf" if
// infinite.
std::string DurationText(absl::Duration duration);

}  // namespace lockstep
