// Collects what curl hands out of a response: status line, header lines, body. Interim responses
// (1xx) and those before the last of an authentication are forgotten when the next status line
// comes; trailers are not kept. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "agent/net/response_memory.h"

namespace lockstep::agent {

class ResponseReader {
 public:
  // With `memory`, which may be null, responses without headers are lent some.
  explicit ResponseReader(HttpResponse& response, ResponseMemory* memory = nullptr)
      : response_(response), memory_(memory) {}

  // For a new response.
  void Start(bool keep_body, int64_t max_body_bytes = kMaxBodyBytes);
  // One line with its line end, as curl gives them.
  void AddHeaderLine(absl::string_view line);
  // The same for those who have read the line already: a status line, a header, what continues the
  // last one, and the end of the head.
  void AddStatusLine(absl::string_view line);
  void AddField(absl::string_view name, absl::string_view value);
  void ContinueField(absl::string_view more);
  void EndHead();
  // The body's length, as announced.
  void ExpectBody(int64_t length);
  // False if the body has become too long to keep.
  bool AddBody(absl::string_view piece);
  bool too_long() const { return too_long_; }
  // Whether the head of the answer itself, not of an interim response, is here.
  bool has_head() const { return !in_headers_ && response_.status >= 200; }

  // The values of all Content-Encoding lines, in order; "" for none.
  const std::string& content_encoding() const { return content_encoding_; }

 private:
  HttpResponse& response_;
  ResponseMemory* const memory_;
  // How many have come; what is behind them among the headers is of an earlier response.
  size_t fields_ = 0;
  std::string content_encoding_;
  bool keep_body_ = true;
  int64_t max_body_bytes_ = kMaxBodyBytes;
  bool too_long_ = false;
  bool in_headers_ = false;
};

// "HTTP/1.1" and its like for what a status line begins with, "HTTP/2.0" for "HTTP/2", as k6 has
// it; "" for others. It stays.
absl::string_view ProtocolOf(absl::string_view name);

// "Not Found" for 404, "" for a status that has no registered phrase.
absl::string_view ReasonPhrase(int status);

}  // namespace lockstep::agent
