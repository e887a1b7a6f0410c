#include "agent/grpc/json_scalars.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/json_text.h"

namespace lockstep::agent {
namespace {

using Json = nlohmann::json;

absl::string_view KindOfJson(const Json& json) {
  return json.is_null()      ? "null"
         : json.is_object()  ? "an object"
         : json.is_array()   ? "an array"
         : json.is_string()  ? "a string"
         : json.is_boolean() ? "a boolean"
                             : "a number";
}

// Numbers may be written as strings, and integers with a fraction of zero or an exponent.
std::optional<Json> NumberOf(const Json& json) {
  if (json.is_number()) {
    return json;
  }
  if (!json.is_string()) {
    return std::nullopt;
  }
  const auto& text = json.get_ref<const std::string&>();
  if (text.empty() || absl::ascii_isspace(static_cast<unsigned char>(text.front())) ||
      absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    return std::nullopt;
  }
  Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? std::optional<Json>(std::move(number)) : std::nullopt;
}

}  // namespace

std::string ShowJson(const Json& json) {
  constexpr size_t kShown = 40;
  const std::string text = JsonText(json);
  return text.size() > kShown ? std::string(KindOfJson(json)) : text;
}

absl::Status Mismatch(absl::string_view wanted, const Json& json) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", wanted, ", got ", ShowJson(json)));
}

absl::Status AtPlace(absl::string_view place, const absl::Status& inner) {
  if (inner.ok()) {
    return inner;
  }
  const absl::string_view text = inner.message();
  // "a.b: why" of "b: why", "a[2]: why" of "[2]: why".
  const bool continues = absl::StartsWith(text, "[") || absl::StartsWith(text, ".");
  return absl::InvalidArgumentError(absl::StrCat(place, continues ? "" : ": ", text));
}

template <class Int>
absl::StatusOr<Int> IntegerOf(const Json& json) {
  using Limits = std::numeric_limits<Int>;
  const auto mismatch = [&] {
    return Mismatch(absl::StrCat("an integer between ", Limits::min(), " and ", Limits::max()),
                    json);
  };
  const std::optional<Json> number = NumberOf(json);
  if (!number) {
    return mismatch();
  }
  if (json.is_string() && number->is_number_float() &&
      json.get_ref<const std::string&>().find_first_of(".eE") == std::string::npos) {
    return mismatch();  // digits that no integer has
  }
  if (number->is_number_unsigned()) {
    const auto value = number->get<uint64_t>();
    return value <= static_cast<uint64_t>(Limits::max())
               ? absl::StatusOr<Int>(static_cast<Int>(value))
               : mismatch();
  }
  if (number->is_number_integer()) {  // a negative one
    const auto value = number->get<int64_t>();
    return Limits::is_signed && value >= static_cast<int64_t>(Limits::min())
               ? absl::StatusOr<Int>(static_cast<Int>(value))
               : mismatch();
  }
  // 2^63 and 2^64 themselves are doubles, the greatest integers below them are not.
  const double value = number->get<double>();
  const double beyond = std::ldexp(1.0, Limits::digits);
  const double least = Limits::is_signed ? -beyond : 0;
  return value == std::trunc(value) && value >= least && value < beyond
             ? absl::StatusOr<Int>(static_cast<Int>(value))
             : mismatch();
}

template <class Real>
absl::StatusOr<Real> RealOf(const Json& json) {
  constexpr absl::string_view kWanted =
      std::is_same_v<Real, float> ? "a number of single precision" : "a number";
  if (json == "NaN") {
    return std::numeric_limits<Real>::quiet_NaN();
  }
  if (json == "Infinity" || json == "-Infinity") {
    return json == "Infinity" ? std::numeric_limits<Real>::infinity()
                              : -std::numeric_limits<Real>::infinity();
  }
  const std::optional<Json> number = NumberOf(json);
  const double value = number ? number->get<double>() : std::nan("");
  const auto real = static_cast<Real>(value);
  return std::isfinite(real) ? absl::StatusOr<Real>(real) : Mismatch(kWanted, json);
}

absl::StatusOr<std::string> BytesOfJson(const Json& json) {
  if (!json.is_string()) {
    return Mismatch("bytes in base64 as a string", json);
  }
  const auto& text = json.get_ref<const std::string&>();
  const bool web = text.find_first_of("-_") != std::string::npos;
  std::string bytes;
  if (!(web ? absl::WebSafeBase64Unescape(text, &bytes) : absl::Base64Unescape(text, &bytes))) {
    return Mismatch("bytes in base64 (encoding.b64encode())", json);
  }
  return bytes;
}

std::optional<std::string> SnakeCase(absl::string_view path) {
  std::string snake;
  for (const char c : path) {
    if (c == '_') {
      return std::nullopt;
    }
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) {
      snake.push_back('_');
    }
    snake.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

std::string CamelCase(absl::string_view path) {
  std::string camel;
  bool upper = false;
  for (const char c : path) {
    if (c == '_') {
      upper = true;
    } else {
      camel.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
      upper = false;
    }
  }
  return camel;
}

template absl::StatusOr<int32_t> IntegerOf(const nlohmann::json& json);
template absl::StatusOr<int64_t> IntegerOf(const nlohmann::json& json);
template absl::StatusOr<uint32_t> IntegerOf(const nlohmann::json& json);
template absl::StatusOr<uint64_t> IntegerOf(const nlohmann::json& json);
template absl::StatusOr<float> RealOf(const nlohmann::json& json);
template absl::StatusOr<double> RealOf(const nlohmann::json& json);

}  // namespace lockstep::agent
