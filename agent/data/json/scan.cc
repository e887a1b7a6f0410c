#include "agent/data/json/scan.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lockstep::agent {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t SkipSpace(absl::string_view text, size_t position) {
  while (position < text.size() && IsSpace(text[position])) {
    ++position;
  }
  return position;
}

size_t SkipString(absl::string_view text, size_t position) {
  for (++position; position < text.size(); ++position) {
    if (text[position] == '\\') {
      ++position;
    } else if (text[position] == '"') {
      return position + 1;
    }
  }
  return text.size();
}

// JSON's grammar (RFC 8259). The open objects and arrays are on a stack of its own: the callers'
// stacks are VUs' fibres, too small for documents nested by the thousand.
class Validator {
 public:
  explicit Validator(absl::string_view text) : text_(text) {}

  absl::Status Run() {
    if (!Document()) {
      return Error();
    }
    Space();
    if (at_ < text_.size()) {
      what_ = "after the end of the document";
      return Error();
    }
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kDeepest = 10000;

  void Space() { at_ = SkipSpace(text_, at_); }
  bool Is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool Fail(absl::string_view what) {
    what_ = what;
    return false;
  }

  // Each turn reads one value that is neither object nor array, or opens one of these.
  bool Document() {
    do {
      Space();
      if (!Is('{') && !Is('[')) {
        if (!Scalar()) {
          return false;
        }
      } else if (!Open()) {
        return false;
      } else if (!Is(open_.back())) {
        if (open_.back() == '}' && !Key()) {
          return false;
        }
        continue;
      }
      if (!AfterValue()) {
        return false;
      }
    } while (!open_.empty());
    return true;
  }

  bool Open() {
    if (open_.size() > kDeepest) {
      return Fail("in a nesting that is too deep");
    }
    open_.push_back(text_[at_] == '{' ? '}' : ']');
    ++at_;
    Space();
    return true;
  }

  // Closes what ends here, up to where the next value begins or the document ends.
  bool AfterValue() {
    while (!open_.empty()) {
      Space();
      const bool object = open_.back() == '}';
      if (Is(open_.back())) {
        ++at_;
        open_.pop_back();
        continue;
      }
      if (!Is(',')) {
        return Fail(object ? "after an object's key and value" : "after an array's element");
      }
      ++at_;
      return !object || Key();
    }
    return true;
  }

  bool Key() {
    Space();
    if (!Is('"')) {
      return Fail("looking for the beginning of an object's key");
    }
    if (!String()) {
      return false;
    }
    Space();
    if (!Is(':')) {
      return Fail("after an object's key");
    }
    ++at_;
    return true;
  }

  bool Scalar() {
    if (at_ >= text_.size()) {
      return Fail("looking for the beginning of a value");
    }
    switch (text_[at_]) {
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool Word(absl::string_view word) {
    for (const char c : word) {
      if (!Is(c)) {
        return Fail(word == "true"   ? "in literal true"
                    : word == "null" ? "in literal null"
                                     : "in literal false");
      }
      ++at_;
    }
    return true;
  }

  bool String() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<uint8_t>(c) < 0x20) {
        return Fail("in a string");
      }
      if (c == '\\' && !Escape()) {
        return false;
      }
    }
    return Fail("in a string");
  }

  // From a backslash to the last character of its escape.
  bool Escape() {
    ++at_;
    if (at_ >= text_.size()) {
      return Fail("in a string");
    }
    if (text_[at_] != 'u') {
      return absl::string_view("\"\\/bfnrt").find(text_[at_]) != absl::string_view::npos ||
             Fail("in a string's escape");
    }
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (at_ >= text_.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text_[at_]))) {
        return Fail("in a string's \\u escape");
      }
    }
    return true;
  }

  bool DigitsFrom() {
    const size_t start = at_;
    while (at_ < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    }
    return at_ > start || Fail("in a number");
  }

  bool Number() {
    const size_t start = at_;
    if (Is('-')) {
      ++at_;
    }
    if (Is('0')) {
      ++at_;
    } else if (!DigitsFrom()) {
      return Fail(at_ == start ? "looking for the beginning of a value" : "in a number");
    }
    if (Is('.')) {
      ++at_;
      if (!DigitsFrom()) {
        return false;
      }
    }
    if (Is('e') || Is('E')) {
      ++at_;
      if (Is('+') || Is('-')) {
        ++at_;
      }
      return DigitsFrom();
    }
    return true;
  }

  absl::Status Error() const {
    const absl::string_view before = text_.substr(0, std::min(at_, text_.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t line_start =
        before.rfind('\n') == absl::string_view::npos ? 0 : before.rfind('\n') + 1;
    std::string found = "unexpected end of JSON input";
    if (at_ < text_.size()) {
      found = absl::StrFormat("invalid character '%s' ", text_.substr(at_, 1));
    } else {
      found += " ";
    }
    return absl::InvalidArgumentError(
        absl::StrCat("line ", line, ", character ", at_ - line_start + 1, ": ", found, what_));
  }

  const absl::string_view text_;
  size_t at_ = 0;
  std::string open_;  // the closing brackets that are due, innermost last
  absl::string_view what_;
};

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 63)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  }
}

// The code unit of the four hexadecimal digits at `position`; 0xFFFD when they are not there.
uint32_t CodeUnit(absl::string_view text, size_t position) {
  uint32_t unit = 0;
  if (position + 4 > text.size() || !absl::SimpleHexAtoi(text.substr(position, 4), &unit)) {
    return 0xFFFD;
  }
  return unit;
}

}  // namespace

absl::Status ValidateJson(absl::string_view text) {
  return Validator(text).Run();
}

absl::string_view TrimJson(absl::string_view text) {
  while (!text.empty() && IsSpace(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && IsSpace(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

size_t SkipJsonValue(absl::string_view text, size_t position) {
  int depth = 0;
  while (position < text.size()) {
    switch (text[position]) {
      case '"':
        position = SkipString(text, position);
        break;
      case '{':
      case '[':
        ++depth;
        ++position;
        continue;
      case '}':
      case ']':
        if (depth == 0) {
          return position;
        }
        --depth;
        ++position;
        break;
      case ',':
      case ':':
        if (depth == 0) {
          return position;
        }
        ++position;
        continue;
      default:
        if (depth == 0) {
          while (position < text.size() && !IsSpace(text[position]) &&
                 absl::string_view(",]}:").find(text[position]) == absl::string_view::npos) {
            ++position;
          }
          return position;
        }
        ++position;
        continue;
    }
    if (depth == 0) {
      return position;
    }
  }
  return text.size();
}

void ForEachMember(absl::string_view object,
                   absl::FunctionRef<bool(absl::string_view, absl::string_view)> visit) {
  size_t at = SkipSpace(object, 1);
  while (at < object.size() && object[at] == '"') {
    const size_t key_end = SkipString(object, at);
    const absl::string_view key = object.substr(at, key_end - at);
    at = SkipSpace(object, SkipSpace(object, key_end) + 1);
    const size_t end = SkipJsonValue(object, at);
    if (!visit(key, object.substr(at, end - at))) {
      return;
    }
    at = SkipSpace(object, end);
    if (at >= object.size() || object[at] != ',') {
      return;
    }
    at = SkipSpace(object, at + 1);
  }
}

void ForEachElement(absl::string_view array, absl::FunctionRef<bool(absl::string_view)> visit) {
  size_t at = SkipSpace(array, 1);
  while (at < array.size() && array[at] != ']') {
    const size_t end = SkipJsonValue(array, at);
    if (end == at || !visit(array.substr(at, end - at))) {
      return;
    }
    at = SkipSpace(array, end);
    if (at >= array.size() || array[at] != ',') {
      return;
    }
    at = SkipSpace(array, at + 1);
  }
}

std::vector<absl::string_view> JsonElements(absl::string_view array) {
  std::vector<absl::string_view> elements;
  ForEachElement(array, [&](absl::string_view element) {
    elements.push_back(element);
    return true;
  });
  return elements;
}

std::string UnquoteJson(absl::string_view literal) {
  if (literal.size() >= 2 && literal.front() == '"' && literal.back() == '"') {
    literal = literal.substr(1, literal.size() - 2);
  }
  std::string out;
  out.reserve(literal.size());
  for (size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 >= literal.size()) {
      out.push_back(literal[i]);
      continue;
    }
    switch (literal[++i]) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        uint32_t code = CodeUnit(literal, i + 1);
        i += 4;
        if (code >= 0xD800 && code < 0xDC00 &&
            literal.substr(std::min(i + 1, literal.size()), 2) == "\\u") {
          const uint32_t low = CodeUnit(literal, i + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        AppendUtf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code, &out);
        break;
      }
      default:
        out.push_back(literal[i]);
    }
  }
  return out;
}

std::string QuoteJson(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += absl::StrFormat("\\u%04x", static_cast<uint8_t>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace lockstep::agent
