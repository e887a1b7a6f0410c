#include "agent/data/json/validate.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/data/json/scan.h"

namespace lockstep::agent {
namespace {

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

  void Space() { at_ = SkipJsonSpace(text_, at_); }
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

}  // namespace

absl::Status ValidateJson(absl::string_view text) {
  return Validator(text).Run();
}

}  // namespace lockstep::agent
