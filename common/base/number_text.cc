#include "common/base/number_text.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lockstep {
namespace {

// The point stands so many digits after the beginning, from here to there; beyond, an exponent
// says where.
constexpr int kLeastPoint = -5;
constexpr int kMostPoint = 21;

// `digits` have no point; it belongs behind the first `point` of them, which may be before or
// after all.
std::string WithPoint(absl::string_view digits, int point) {
  const int count = static_cast<int>(digits.size());
  if (point < kLeastPoint || point > kMostPoint) {
    const int exponent = point - 1;
    return absl::StrCat(digits.substr(0, 1), count > 1 ? "." : "", digits.substr(1), "e",
                        exponent < 0 ? "-" : "+", std::abs(exponent));
  }
  if (point <= 0) {
    return absl::StrCat("0.", std::string(static_cast<size_t>(-point), '0'), digits);
  }
  if (point >= count) {
    return absl::StrCat(digits, std::string(static_cast<size_t>(point - count), '0'));
  }
  const auto split = static_cast<size_t>(point);
  return absl::StrCat(digits.substr(0, split), ".", digits.substr(split));
}

}  // namespace

std::string ShortestNumber(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (value == 0) {
    return "0";
  }
  const char* const sign = value < 0 ? "-" : "";
  if (std::isinf(value)) {
    return absl::StrCat(sign, "Infinity");
  }
  char text[32];  // "d.ddde-308": at most 17 digits, a point and an exponent
  const auto [end, error] =
      std::to_chars(text, text + sizeof(text), std::abs(value), std::chars_format::scientific);
  const absl::string_view written(text, static_cast<size_t>(end - text));
  const size_t at = written.find('e');
  std::string digits(written.substr(0, 1));
  if (at > 2) {
    absl::StrAppend(&digits, written.substr(2, at - 2));
  }
  int exponent = 0;
  const char* first = text + at + 1;
  std::from_chars(*first == '+' ? first + 1 : first, end, exponent);
  return absl::StrCat(sign, WithPoint(digits, exponent + 1));
}

}  // namespace lockstep
