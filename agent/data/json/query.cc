#include "agent/data/json/query.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

#include "agent/data/json/scan.h"

namespace lockstep::agent {
namespace {

using Operator = JsonQuery::Operator;

bool IsTrue(absl::string_view text) {
  return text == "1" || absl::EqualsIgnoreCase(text, "t") || absl::EqualsIgnoreCase(text, "true");
}
bool IsFalse(absl::string_view text) {
  return text == "0" || absl::EqualsIgnoreCase(text, "f") || absl::EqualsIgnoreCase(text, "false");
}

double NumberOf(absl::string_view text) {
  double number = 0;
  return absl::SimpleAtod(text, &number) ? number : 0;
}

// The word behind ~ in a comparison such as `active==~true`: truth in a wide sense.
bool IsSo(std::optional<absl::string_view> json, absl::string_view word, bool* known) {
  *known = true;
  const bool exists = json.has_value();
  const absl::string_view text = json.value_or("null");
  const bool string = text.front() == '"';
  const std::string said = string ? UnquoteJson(text) : std::string(text);
  const bool number = !string && (text.front() == '-' ||
                                  absl::ascii_isdigit(static_cast<unsigned char>(text.front())));
  if (word == "*") {
    return exists;
  }
  if (word == "null") {
    return text == "null";
  }
  if (word == "true") {
    return number ? NumberOf(text) != 0 : IsTrue(said);
  }
  if (word == "false") {
    return text == "null" || (number ? NumberOf(text) == 0 : IsFalse(said));
  }
  *known = false;
  return false;
}

template <class T>
bool Compare(const T& left, Operator op, const T& right) {
  switch (op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kNotEqual:
      return left != right;
    case Operator::kLess:
      return left < right;
    case Operator::kLessEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterEqual:
      return left >= right;
    case Operator::kExists:
    case Operator::kLike:
    case Operator::kNotLike:
      break;
  }
  return false;
}

bool CompareBool(bool left, Operator op, absl::string_view right) {
  switch (op) {
    case Operator::kEqual:
      return right == (left ? "true" : "false");
    case Operator::kNotEqual:
      return right != (left ? "true" : "false");
    case Operator::kGreater:
      return left && right == "false";
    case Operator::kGreaterEqual:
      return left;
    case Operator::kLess:
      return !left && right == "true";
    case Operator::kLessEqual:
      return !left;
    case Operator::kExists:
    case Operator::kLike:
    case Operator::kNotLike:
      break;
  }
  return false;
}

}  // namespace

size_t GroupEnd(absl::string_view text, size_t position) {
  int depth = 0;
  for (size_t i = position; i < text.size(); ++i) {
    switch (text[i]) {
      case '\\':
        ++i;
        break;
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          i += text[i] == '\\' ? 1 : 0;
        }
        if (depth == 0) {
          return std::min(i + 1, text.size());
        }
        break;
      case '(':
      case '[':
      case '{':
        ++depth;
        break;
      case ')':
      case ']':
      case '}':
        if (--depth == 0) {
          return i + 1;
        }
        break;
      default:
        break;
    }
  }
  return text.size();
}

size_t PastLiteral(absl::string_view text, size_t position) {
  switch (text[position]) {
    case '\\':
      return position + 2;
    case '(':
    case '[':
    case '{':
    case '"':
      return GroupEnd(text, position);
    default:
      return position;
  }
}

bool MatchesWildcard(absl::string_view text, absl::string_view pattern) {
  size_t t = 0, p = 0;
  size_t star = absl::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const size_t literal = p + (escaped ? 1 : 0);
    if (literal < pattern.size() && ((pattern[p] == '?') || pattern[literal] == text[t])) {
      p = literal + 1;
      ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

bool JsonQuery::Matches(std::optional<absl::string_view> json) const {
  if (!value.empty() && value.front() == '~') {
    bool known = false;
    const bool so = IsSo(json, absl::string_view(value).substr(1), &known);
    return known && CompareBool(so, op, "true");
  }
  if (!json || json->empty()) {
    return false;
  }
  if (op == Operator::kExists) {
    return true;
  }
  switch (json->front()) {
    case '"': {
      const std::string text = UnquoteJson(*json);
      if (op == Operator::kLike || op == Operator::kNotLike) {
        return MatchesWildcard(text, value) == (op == Operator::kLike);
      }
      return Compare(text, op, value);
    }
    case 't':
      return CompareBool(true, op, value);
    case 'f':
      return CompareBool(false, op, value);
    case 'n':
    case '{':
    case '[':
      return false;
    default:
      return Compare(NumberOf(*json), op, NumberOf(value));
  }
}

JsonQuery ParseJsonQuery(absl::string_view inside) {
  constexpr std::pair<absl::string_view, Operator> kOperators[] = {
      {"==", Operator::kEqual},        {"!=", Operator::kNotEqual}, {"<=", Operator::kLessEqual},
      {">=", Operator::kGreaterEqual}, {"!%", Operator::kNotLike},  {"=", Operator::kEqual},
      {"<", Operator::kLess},          {">", Operator::kGreater},   {"%", Operator::kLike},
  };
  JsonQuery query;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (const size_t past = PastLiteral(inside, i); past > i) {
      i = past - 1;
      continue;
    }
    for (const auto& [text, op] : kOperators) {
      if (absl::StartsWith(inside.substr(i), text)) {
        query.path = absl::StripAsciiWhitespace(inside.substr(0, i));
        query.op = op;
        const absl::string_view value = absl::StripAsciiWhitespace(inside.substr(i + text.size()));
        query.value =
            !value.empty() && value.front() == '"' ? UnquoteJson(value) : std::string(value);
        return query;
      }
    }
  }
  query.path = absl::StripAsciiWhitespace(inside);
  return query;
}

}  // namespace lockstep::agent
