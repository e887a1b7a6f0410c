#include "agent/http/event_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kStreamMark = "\xEF\xBB\xBF";

// A time that a client can wait; more is as good as for ever.
constexpr int64_t kMostRetryMs = int64_t{24} * 60 * 60 * 1000;

bool IsRetryTime(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

}  // namespace

bool EventStreamParser::Feed(absl::string_view bytes, std::vector<StreamEvent>& events) {
  while (!bytes.empty() && !too_long_) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    const absl::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > max_event_bytes_) {
      too_long_ = true;
      break;
    }
    if (end == absl::string_view::npos) {
      line_.append(piece.data(), piece.size());
      break;
    }
    if (line_.empty()) {
      TakeLine(piece, events);
    } else {
      line_.append(piece.data(), piece.size());
      TakeLine(std::exchange(line_, {}), events);
    }
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
  }
  return !too_long_;
}

void EventStreamParser::Restart() {
  line_.clear();
  type_.clear();
  data_.clear();
  id_ = last_event_id_;
  first_line_ = true;
  after_return_ = false;
  too_long_ = false;
}

void EventStreamParser::TakeLine(absl::string_view line, std::vector<StreamEvent>& events) {
  if (std::exchange(first_line_, false) && absl::StartsWith(line, kStreamMark)) {
    line.remove_prefix(kStreamMark.size());
  }
  if (line.empty()) {
    Dispatch(events);
    return;
  }
  const size_t colon = line.find(':');
  absl::string_view value = colon == absl::string_view::npos ? "" : line.substr(colon + 1);
  if (absl::StartsWith(value, " ")) {
    value.remove_prefix(1);
  }
  TakeField(line.substr(0, colon), value);
}

void EventStreamParser::TakeField(absl::string_view name, absl::string_view value) {
  if (name == "data") {
    if (data_.size() + value.size() + 1 > max_event_bytes_) {
      too_long_ = true;
      return;
    }
    data_.append(value.data(), value.size());
    data_.push_back('\n');
  } else if (name == "event") {
    type_ = std::string(value);
  } else if (name == "id") {
    if (!absl::StrContains(value, '\0')) {
      id_ = std::string(value);
    }
  } else if (name == "retry" && IsRetryTime(value)) {
    int64_t milliseconds = 0;
    retry_ = absl::Milliseconds(absl::SimpleAtoi(value, &milliseconds)
                                    ? std::min(milliseconds, kMostRetryMs)
                                    : kMostRetryMs);
  }
}

void EventStreamParser::Dispatch(std::vector<StreamEvent>& events) {
  last_event_id_ = id_;
  std::string type = std::exchange(type_, {});
  if (data_.empty()) {
    return;
  }
  data_.pop_back();
  StreamEvent event{.data = std::exchange(data_, {}), .last_event_id = last_event_id_};
  if (!type.empty()) {
    event.type = std::move(type);
  }
  events.push_back(std::move(event));
}

}  // namespace lockstep::agent
