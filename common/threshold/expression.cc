#include "common/threshold/expression.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "common/base/nearest.h"
#include "common/base/status_macros.h"
#include "common/options/duration.h"

namespace lockstep {
namespace {

// A finite number in decimal digits; the library knows others, too.
bool ParseDecimal(absl::string_view text, double* number) {
  return text.find_first_of("xX") == absl::string_view::npos && absl::SimpleAtod(text, number) &&
         std::isfinite(*number);
}

using Kind = AggregateMethod::Kind;
using Op = ThresholdExpression::Op;

// Longer operators first, as the shorter ones are their beginnings.
constexpr std::pair<absl::string_view, Op> kOperators[] = {
    {"===", Op::kStrictEqual}, {"==", Op::kEqual}, {"!=", Op::kNotEqual}, {"<=", Op::kLessEqual},
    {">=", Op::kGreaterEqual}, {"<", Op::kLess},   {">", Op::kGreater},
};
constexpr std::pair<absl::string_view, Kind> kMethods[] = {
    {"count", Kind::kCount}, {"rate", Kind::kRate}, {"value", Kind::kValue}, {"avg", Kind::kAvg},
    {"min", Kind::kMin},     {"max", Kind::kMax},   {"med", Kind::kMed},
};

absl::Status Malformed(absl::string_view text, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat("failed parsing threshold expression \"", text, "\"; reason: ", reason));
}

// The words that methods are made of, in k6's order.
std::vector<absl::string_view> SupportedMethods(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return {"count", "rate"};
    case MetricType::kGauge:
      return {"value"};
    case MetricType::kRate:
      return {"rate"};
    case MetricType::kTrend:
      return {"avg", "min", "max", "med", "p(N)"};
  }
  return {};
}

// What other tools call them.
constexpr std::pair<absl::string_view, absl::string_view> kOtherWords[] = {
    {"average", "avg"}, {"mean", "avg"}, {"median", "med"}, {"minimum", "min"}, {"maximum", "max"},
};

// The method that somebody may have meant by `text`; "" if nobody knows.
std::string MeantMethod(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (const auto& [word, method] : kOtherWords) {
    if (lower == word) {
      return std::string(method);
    }
  }
  absl::string_view number = lower;  // of p95, P(95) and p(95
  double percentile = 0;
  if (absl::ConsumePrefix(&number, "p")) {
    absl::ConsumePrefix(&number, "(");
    absl::ConsumeSuffix(&number, ")");
    if (ParseDecimal(number, &percentile) && percentile >= 0 && percentile <= 100) {
      return absl::StrCat("p(", number, ")");
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, kind] : kMethods) {
    names.emplace_back(name);
  }
  const std::vector<std::string> slips = SlipsOf(text, names);
  return slips.empty() ? "" : slips.front();
}

// `; did you mean "p(95)<200"?`
std::string MeantExpression(absl::string_view text, absl::string_view whole) {
  const std::string method = MeantMethod(text);
  const size_t at = whole.find(text);
  return method.empty() ? ""
                        : absl::StrCat("; did you mean \"", whole.substr(0, at), method,
                                       whole.substr(at + text.size()), "\"?");
}

absl::StatusOr<AggregateMethod> ParseMethod(absl::string_view text, absl::string_view whole) {
  for (const auto& [name, kind] : kMethods) {
    if (text == name) {
      return AggregateMethod{.kind = kind};
    }
  }
  absl::string_view number = text;
  if (absl::ConsumePrefix(&number, "p(") && absl::ConsumeSuffix(&number, ")")) {
    double percentile = 0;
    if (!ParseDecimal(number, &percentile) || !(percentile >= 0 && percentile <= 100)) {
      return Malformed(whole, "malformed percentile value, provide a number between 0 and 100");
    }
    return AggregateMethod{.kind = Kind::kPercentile, .percentile = percentile};
  }
  return Malformed(
      whole, absl::StrCat("malformed threshold expression: unknown aggregation method \"", text,
                          "\"; known are: count, rate, value, avg, min, med, max, p(N)",
                          MeantExpression(text, whole)));
}

absl::string_view MethodWord(const ThresholdExpression& expression) {
  return expression.method.kind == Kind::kPercentile ? absl::string_view("p")
                                                     : absl::string_view(expression.method_text);
}

// What stands behind the operator: "500", or "500 over 30s".
absl::Status ParseLimit(absl::string_view rest, ThresholdExpression* expression) {
  rest = absl::StripAsciiWhitespace(rest);
  const size_t space = rest.find_first_of(" \t\r\n");
  const absl::string_view number = rest.substr(0, space);
  absl::string_view behind;
  if (space != absl::string_view::npos) {
    behind = absl::StripAsciiWhitespace(rest.substr(space));
  }
  const bool has_window =
      absl::ConsumePrefix(&behind, "over") && (behind.empty() || absl::ascii_isspace(behind[0]));
  if (!ParseDecimal(has_window ? number : rest, &expression->limit)) {
    return Malformed(expression->text,
                     absl::StrCat("malformed threshold expression: \"", has_window ? number : rest,
                                  "\" is not a number"));
  }
  if (!has_window) {
    return absl::OkStatus();
  }
  behind = absl::StripAsciiWhitespace(behind);
  const absl::StatusOr<absl::Duration> window = ParseDurationWithUnit(behind);
  if (!window.ok() || behind == "0") {
    return Malformed(expression->text,
                     absl::StrCat("malformed window \"", behind,
                                  "\": \"over\" needs a duration with a unit, such as 30s or 1m"));
  }
  if (*window < kShortestWindow || *window > kLongestWindow) {
    return Malformed(expression->text, absl::StrCat("a window of ", DurationText(*window),
                                                    " cannot be: from 1s to 1h is allowed"));
  }
  expression->window = *window;
  return absl::OkStatus();
}

}  // namespace

bool ThresholdExpression::Worse(double value, double other) const {
  switch (op) {
    case Op::kLess:
    case Op::kLessEqual:
      return value > other;
    case Op::kGreater:
    case Op::kGreaterEqual:
      return value < other;
    case Op::kEqual:
    case Op::kStrictEqual:
    case Op::kNotEqual:
      break;
  }
  return !Holds(value) && Holds(other);
}

bool ThresholdExpression::Holds(double value) const {
  switch (op) {
    case Op::kLess:
      return value < limit;
    case Op::kLessEqual:
      return value <= limit;
    case Op::kGreater:
      return value > limit;
    case Op::kGreaterEqual:
      return value >= limit;
    case Op::kEqual:
    case Op::kStrictEqual:
      return value == limit;
    case Op::kNotEqual:
      return value != limit;
  }
  return false;
}

absl::StatusOr<ThresholdExpression> ParseThreshold(absl::string_view text) {
  ThresholdExpression expression;
  expression.text = std::string(text);
  const size_t place = text.find_first_of("<>=!");
  if (place == absl::string_view::npos) {
    return Malformed(
        text,
        "malformed threshold expression: there is no operator; one of <, <=, >, >=, ==, ===, != "
        "is needed");
  }
  const absl::string_view method = absl::StripAsciiWhitespace(text.substr(0, place));
  absl::string_view rest = text.substr(place);
  bool known = false;
  for (const auto& [symbol, op] : kOperators) {
    if (!known && absl::ConsumePrefix(&rest, symbol)) {
      expression.op = op;
      known = true;
    }
  }
  if (!known) {
    return Malformed(
        text,
        "malformed threshold expression: unknown operator; one of <, <=, >, >=, ==, ===, != is "
        "needed");
  }
  expression.method_text = std::string(method);
  LOCKSTEP_ASSIGN_OR_RETURN(expression.method, ParseMethod(method, text));
  LOCKSTEP_RETURN_IF_ERROR(ParseLimit(rest, &expression));
  return expression;
}

absl::Status CheckMethod(const ThresholdExpression& expression, MetricType type) {
  const std::vector<absl::string_view> supported = SupportedMethods(type);
  const absl::string_view word = MethodWord(expression);
  const absl::string_view listed = word == "p" ? "p(N)" : word;
  if (std::find(supported.begin(), supported.end(), listed) != supported.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unsupported aggregation method ", word, " on metric of type ", MetricTypeName(type),
      ". supported aggregation methods for this metric are: ", absl::StrJoin(supported, ", ")));
}

}  // namespace lockstep
