#include "common/options/duration.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"

namespace lockstep {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

struct Unit {
  absl::string_view name;
  int64_t nanos;
};

// Longer names first, as "m" begins "ms".
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1000},
                                         {"\u00b5s", 1000},
                                         {"\u03bcs", 1000},
                                         {"ms", kNanosPerMilli},
                                         {"s", kNanosPerSecond},
                                         {"m", 60 * kNanosPerSecond},
                                         {"h", 3600 * kNanosPerSecond}}};
constexpr int64_t kNanosPerDay = 24 * 3600 * kNanosPerSecond;

// Far above all that is accepted, far below what could overflow a sum of int128.
const absl::int128 kTooMany = absl::int128(1) << 100;

// Nanoseconds of a decimal number at the start of `text`, which moves behind it, once its unit is
// known.
class Decimal {
 public:
  static std::optional<Decimal> Take(absl::string_view& text) {
    Decimal number;
    size_t i = 0;
    for (; i < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[i])); ++i) {
      number.AddWhole(text[i] - '0');
    }
    size_t digits = i;
    if (i < text.size() && text[i] == '.') {
      for (++i; i < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[i])); ++i) {
        number.AddFraction(text[i] - '0');
        ++digits;
      }
      number.has_fraction_ = true;
    }
    if (digits == 0) {
      return std::nullopt;
    }
    text.remove_prefix(i);
    return number;
  }
  bool has_fraction() const { return has_fraction_; }
  absl::int128 Nanos(int64_t unit) const {
    return whole_ * unit + fraction_ * unit / fraction_scale_;
  }

 private:
  void AddWhole(int digit) {
    if (whole_ < absl::int128(std::numeric_limits<int64_t>::max())) {
      whole_ = whole_ * 10 + digit;
    }
  }
  void AddFraction(int digit) {
    if (fraction_scale_ < absl::int128(kNanosPerDay) * 1000) {
      fraction_ = fraction_ * 10 + digit;
      fraction_scale_ *= 10;
    }
  }
  absl::int128 whole_ = 0;
  absl::int128 fraction_ = 0;
  absl::int128 fraction_scale_ = 1;
  bool has_fraction_ = false;
};

const Unit* FindUnit(absl::string_view text) {
  for (const Unit& unit : kUnits) {
    if (absl::StartsWith(text, unit.name)) {
      return &unit;
    }
  }
  return nullptr;
}

// The sum of all number-unit pairs; nothing if `text` is not made of such.
std::optional<absl::int128> SumOfUnits(absl::string_view text) {
  absl::int128 sum = 0;
  bool first = true;
  while (!text.empty()) {
    const std::optional<Decimal> number = Decimal::Take(text);
    if (!number.has_value()) {
      return std::nullopt;
    }
    int64_t scale = 0;
    if (first && !number->has_fraction() && absl::ConsumePrefix(&text, "d")) {
      scale = kNanosPerDay;
    } else if (const Unit* unit = FindUnit(text); unit != nullptr) {
      scale = unit->nanos;
      text.remove_prefix(unit->name.size());
    } else {
      return std::nullopt;
    }
    sum += number->Nanos(scale);
    if (sum > kTooMany) {
      return sum;
    }
    first = false;
  }
  return sum;
}

std::optional<absl::int128> Millis(absl::string_view text) {
  const std::optional<Decimal> number = Decimal::Take(text);
  if (!number.has_value() || !text.empty()) {
    return std::nullopt;
  }
  return number->Nanos(kNanosPerMilli);
}

absl::Status Invalid(absl::string_view text, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid duration \"", text, "\": expected ", allowed));
}

constexpr absl::string_view kAllowed =
    "a string with units such as \"1m30s\", \"1.5s\" or \"1d12h\", or a number of milliseconds";
constexpr absl::string_view kAllowedWithUnit = "a number with a unit, such as 500ms, 1m30s or 1.5s";

absl::StatusOr<absl::Duration> Parse(absl::string_view original, bool unit_required) {
  const absl::string_view allowed = unit_required ? kAllowedWithUnit : kAllowed;
  absl::string_view text = absl::StripAsciiWhitespace(original);
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) {
    absl::ConsumePrefix(&text, "+");
  }
  if (text.empty()) {
    return Invalid(original, allowed);
  }
  std::optional<absl::int128> nanos;
  if (!unit_required || text == "0") {
    nanos = Millis(text);
  }
  if (!nanos.has_value()) {
    nanos = SumOfUnits(text);
  }
  if (!nanos.has_value()) {
    return Invalid(original, allowed);
  }
  if (*nanos > absl::int128(std::numeric_limits<int64_t>::max())) {
    return Invalid(original, "at most 106751d (292 years)");
  }
  const auto value = static_cast<int64_t>(*nanos);
  return absl::Nanoseconds(negative ? -value : value);
}

// `number` with three digits less each step: 1500 thousandths are "1.5".
std::string WithFraction(uint64_t number, uint64_t scale) {
  std::string text = absl::StrCat(number / scale);
  uint64_t rest = number % scale;
  if (rest == 0) {
    return text;
  }
  text += '.';
  for (scale /= 10; rest != 0; scale /= 10) {
    text += static_cast<char>('0' + rest / scale);
    rest %= scale;
  }
  return text;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  return Parse(text, false);
}

absl::StatusOr<absl::Duration> ParseDurationWithUnit(absl::string_view text) {
  return Parse(text, true);
}

absl::StatusOr<absl::Duration> DurationFromJson(const nlohmann::json& value) {
  if (value.is_string()) {
    return ParseDuration(value.get_ref<const std::string&>());
  }
  if (value.is_number_integer()) {
    return ParseDuration(value.dump());
  }
  if (value.is_number_float()) {
    const double nanos = value.get<double>() * static_cast<double>(kNanosPerMilli);
    if (std::isfinite(nanos) && std::abs(nanos) < 9.2e18) {
      return absl::Nanoseconds(std::llround(nanos));
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value ", JsonText(value), ": expected ", kAllowed));
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) {
    return "inf";
  }
  if (duration == -absl::InfiniteDuration()) {
    return "-inf";
  }
  const int64_t nanos = absl::ToInt64Nanoseconds(duration);
  const char* sign = nanos < 0 ? "-" : "";
  const uint64_t size =
      nanos < 0 ? uint64_t{0} - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  if (size == 0) {
    return "0s";
  }
  if (size < 1000) {
    return absl::StrCat(sign, size, "ns");
  }
  if (size < 1'000'000) {
    return absl::StrCat(sign, WithFraction(size, 1000), "\u00b5s");
  }
  if (size < 1'000'000'000) {
    return absl::StrCat(sign, WithFraction(size, 1'000'000), "ms");
  }
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t minutes = size / (60 * kSecond);
  const std::string seconds = absl::StrCat(WithFraction(size % (60 * kSecond), kSecond), "s");
  if (minutes == 0) {
    return absl::StrCat(sign, seconds);
  }
  if (minutes < 60) {
    return absl::StrCat(sign, minutes, "m", seconds);
  }
  return absl::StrCat(sign, minutes / 60, "h", minutes % 60, "m", seconds);
}

}  // namespace lockstep
