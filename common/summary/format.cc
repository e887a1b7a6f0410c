#include "common/summary/format.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/number_text.h"
#include "common/base/safe_integer.h"

namespace lockstep {
namespace {

std::string Truncated(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return FormatNumber(std::trunc(value * scale) / scale, decimals);
}

// Exactly so many decimals, as long as the number has any.
std::string Fixed(double value, int decimals) {
  constexpr double kHuge = 1e21;  // from here on even k6 shows an exponent
  return std::abs(value) < kHuge ? absl::StrFormat("%.*f", decimals, value) : ShortestNumber(value);
}

std::string LongDuration(double milliseconds) {
  const bool minutes_or_more = milliseconds >= 60000;
  std::string text =
      absl::StrCat(Truncated(std::fmod(milliseconds, 60000) / 1000, minutes_or_more ? 0 : 2), "s");
  const double minutes = std::trunc(milliseconds / 60000);
  if (minutes < 1) {
    return text;
  }
  text = absl::StrCat(FormatNumber(std::fmod(minutes, 60), 0), "m", text);
  const double hours = std::trunc(minutes / 60);
  return hours < 1 ? text : absl::StrCat(FormatNumber(hours, 0), "h", text);
}

}  // namespace

std::string FormatNumber(double value, int decimals) {
  if (!(std::abs(value) <= kMaxSafeInteger)) {  // from there on, all are whole
    return ShortestNumber(value);
  }
  double rounded = 0;
  return absl::SimpleAtod(absl::StrFormat("%.*f", decimals, value), &rounded)
             ? ShortestNumber(rounded)
             : "";
}

std::string FormatPercent(double share) {
  return absl::StrFormat("%.2f%%", std::trunc(share * 100 * 100) / 100);
}

std::string FormatBytes(double bytes) {
  constexpr absl::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  if (bytes < 10) {
    return absl::StrCat(FormatNumber(bytes), " B");
  }
  double scaled = bytes;
  size_t unit = 0;
  while (scaled >= 1000 && unit + 1 < std::size(kUnits)) {
    scaled /= 1000;
    ++unit;
  }
  const double rounded = std::floor(scaled * 10 + 0.5) / 10;
  return absl::StrCat(Fixed(rounded, rounded < 10 ? 1 : 0), " ", kUnits[unit]);
}

std::string FormatDuration(double milliseconds, absl::string_view unit) {
  if (unit == "s") {
    return Fixed(milliseconds / 1000, 2) + "s";
  }
  if (unit == "ms") {
    return Fixed(milliseconds, 2) + "ms";
  }
  if (unit == "us") {
    return Fixed(milliseconds * 1000, 2) + "µs";
  }
  if (milliseconds == 0) {
    return "0s";
  }
  if (milliseconds < 0) {
    return absl::StrCat("-", FormatDuration(-milliseconds, unit));
  }
  if (milliseconds < 0.001) {
    return absl::StrCat(FormatNumber(std::trunc(milliseconds * 1e6), 0), "ns");
  }
  if (milliseconds < 1) {
    return absl::StrCat(Truncated(milliseconds * 1000, 2), "µs");
  }
  return milliseconds < 1000 ? absl::StrCat(Truncated(milliseconds, 2), "ms")
                             : LongDuration(milliseconds);
}

std::string FormatValue(double value, ValueType contains, absl::string_view time_unit) {
  switch (contains) {
    case ValueType::kTime:
      return FormatDuration(value, time_unit);
    case ValueType::kData:
      return FormatBytes(value);
    case ValueType::kDefault:
      break;
  }
  return FormatNumber(value);
}

std::string FormatObserved(double value, MetricType type, ValueType contains,
                           absl::string_view method, absl::string_view time_unit) {
  if (type == MetricType::kRate) {
    return FormatPercent(value);
  }
  const bool by_second = type == MetricType::kCounter && method == "rate";
  return absl::StrCat(FormatValue(value, contains, time_unit), by_second ? "/s" : "");
}

}  // namespace lockstep
