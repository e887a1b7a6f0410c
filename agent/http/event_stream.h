// The events of a text/event-stream, from its bytes (WHATWG HTML, section 9.2.6). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::agent {

struct StreamEvent {
  std::string type = "message";
  std::string data;
  std::string last_event_id;  // the stream's when the event came
};

// The longest line, and the most data of one event.
inline constexpr int64_t kMaxStreamEventBytes = int64_t{16} << 20;

class EventStreamParser {
 public:
  explicit EventStreamParser(int64_t max_event_bytes = kMaxStreamEventBytes)
      : max_event_bytes_(static_cast<size_t>(max_event_bytes)) {}

  // Takes the next bytes and appends the events that they complete. False once a line or an event
  // is longer than allowed: nothing is taken from then on until Restart.
  bool Feed(absl::string_view bytes, std::vector<StreamEvent>& events);
  // Another connection begins: what is incomplete is dropped; the last id and the time to wait
  // stay.
  void Restart();

  // As of the last event: what a client says as Last-Event-ID when it comes back.
  const std::string& last_event_id() const { return last_event_id_; }
  // How long the server wants its clients to wait before they come back, if it has said so.
  std::optional<absl::Duration> retry() const { return retry_; }

 private:
  void TakeLine(absl::string_view line, std::vector<StreamEvent>& events);
  void TakeField(absl::string_view name, absl::string_view value);
  void Dispatch(std::vector<StreamEvent>& events);

  const size_t max_event_bytes_;
  std::string line_;           // the beginning of one that is not complete
  bool first_line_ = true;     // which may begin with a byte order mark
  bool after_return_ = false;  // a line feed that follows belongs to the line before
  bool too_long_ = false;
  std::string type_, data_, id_;
  std::string last_event_id_;
  std::optional<absl::Duration> retry_;
};

}  // namespace lockstep::agent
