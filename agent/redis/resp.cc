#include "agent/redis/resp.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr size_t kLongestLine = 64 << 10;

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the server does not speak RESP: ", what));
}

absl::StatusOr<int64_t> Number(absl::string_view text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return Broken("a number is expected");
  }
  return number;
}

RespValue TextValue(RespValue::Kind kind, absl::string_view text) {
  RespValue value;
  value.kind = kind;
  value.text = std::string(text);
  return value;
}

}  // namespace

void AppendCommand(const std::vector<std::string>& arguments, std::string* bytes) {
  absl::StrAppend(bytes, "*", arguments.size(), "\r\n");
  for (const std::string& argument : arguments) {
    absl::StrAppend(bytes, "$", argument.size(), "\r\n", argument, "\r\n");
  }
}

void RespReader::Drop(size_t count) {
  at_ += count;
  scanned_ = 0;
  used_ += count;
  if (at_ == buffer_.size() || at_ >= (size_t{1} << 20)) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
}

absl::StatusOr<std::optional<RespValue>> RespReader::Line(absl::string_view line) {
  if (line.empty()) {
    return Broken("an empty line");
  }
  const absl::string_view rest = line.substr(1);
  switch (line.front()) {
    case '+':
      return TextValue(RespValue::Kind::kText, rest);
    case '-':
      return TextValue(RespValue::Kind::kError, rest);
    case ':': {
      RespValue value;
      value.kind = RespValue::Kind::kInteger;
      LOCKSTEP_ASSIGN_OR_RETURN(value.integer, Number(rest));
      return value;
    }
    case '$': {
      LOCKSTEP_ASSIGN_OR_RETURN(const int64_t size, Number(rest));
      if (size == -1) {
        return RespValue();
      }
      if (size < 0 || static_cast<size_t>(size) > kMostReplyBytes) {
        return Broken(absl::StrCat("a text of ", size, " bytes; allowed: 0 to ", kMostReplyBytes));
      }
      bulk_ = static_cast<size_t>(size);
      return std::nullopt;
    }
    case '*': {
      LOCKSTEP_ASSIGN_OR_RETURN(const int64_t size, Number(rest));
      if (size == -1) {
        return RespValue();
      }
      if (size < 0 || static_cast<size_t>(size) > kMostReplyBytes ||
          stack_.size() == kDeepestReply) {
        return Broken(absl::StrCat("an array of ", size, " elements at depth ", stack_.size()));
      }
      RespValue array;
      array.kind = RespValue::Kind::kArray;
      if (size == 0) {
        return array;
      }
      stack_.push_back({.array = std::move(array), .left = static_cast<size_t>(size)});
      return std::nullopt;
    }
    default:
      return Broken("it begins with none of + - : $ *");
  }
}

absl::StatusOr<std::optional<RespValue>> RespReader::Step(bool* more) {
  const absl::string_view rest = absl::string_view(buffer_).substr(at_);
  if (bulk_.has_value()) {
    if (rest.size() < *bulk_ + 2) {
      *more = true;
      return std::nullopt;
    }
    if (rest.substr(*bulk_, 2) != "\r\n") {
      return Broken("a text does not end where it says");
    }
    RespValue value = TextValue(RespValue::Kind::kText, rest.substr(0, *bulk_));
    Drop(*std::exchange(bulk_, std::nullopt) + 2);
    return value;
  }
  const size_t end = rest.find("\r\n", scanned_);
  if (end == absl::string_view::npos) {
    if (rest.size() > kLongestLine) {
      return Broken("a line without an end");
    }
    scanned_ = rest.empty() ? 0 : rest.size() - 1;
    *more = true;
    return std::nullopt;
  }
  const std::string line(rest.substr(0, end));
  Drop(end + 2);
  return Line(line);
}

absl::StatusOr<std::optional<RespValue>> RespReader::Next() {
  for (;;) {
    bool more = false;
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<RespValue> value, Step(&more));
    if (used_ > kMostReplyBytes) {
      return Broken(absl::StrCat("a reply of more than ", kMostReplyBytes, " bytes"));
    }
    if (more) {
      return std::nullopt;
    }
    // A value completes the array that it belongs to, which may complete another.
    while (value.has_value()) {
      if (stack_.empty()) {
        used_ = 0;
        return value;
      }
      Frame& frame = stack_.back();
      frame.array.elements.push_back(*std::exchange(value, std::nullopt));
      if (--frame.left == 0) {
        value = std::move(frame.array);
        stack_.pop_back();
      }
    }
  }
}

}  // namespace lockstep::agent
