// Single values of protobuf's JSON mapping, and how what is wrong with one is said. Errors are
// InvalidArgument.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// What `json` is, for messages: its text, if that is short.
std::string ShowJson(const nlohmann::json& json);
// "expected WANTED, got JSON".
absl::Status Mismatch(absl::string_view wanted, const nlohmann::json& json);
// `inner` with the place in front of it: "a.b: why", "a[2]: why".
absl::Status AtPlace(absl::string_view place, const absl::Status& inner);

// An integer of 32 or 64 bits; it may be written as a string, with a fraction of zero, or with an
// exponent.
template <class Int>
absl::StatusOr<Int> IntegerOf(const nlohmann::json& json);
// A float or double; it may be written as a string, and be "NaN", "Infinity" or "-Infinity".
template <class Real>
absl::StatusOr<Real> RealOf(const nlohmann::json& json);
// Base64 of either alphabet, padded or not.
absl::StatusOr<std::string> BytesOfJson(const nlohmann::json& json);

// Paths of a FieldMask. "fooBar" of "foo_bar":
std::string CamelCase(absl::string_view path);
// "foo_bar" of "fooBar"; nothing if that does not lead back.
std::optional<std::string> SnakeCase(absl::string_view path);

}  // namespace lockstep::agent
