// Collects what curl hands out of a response: status line, header lines, body. Interim responses
// (1xx) and those before the last of an authentication are forgotten when the next status line
// comes; trailers are not kept. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "agent/net/http.h"

namespace lockstep::agent {

// The longest body that is kept, as received and as decoded; a longer one fails the exchange.
inline constexpr int64_t kMaxBodyBytes = int64_t{1} << 30;

class ResponseReader {
 public:
  explicit ResponseReader(HttpResponse& response) : response_(response) {}

  // For a new response.
  void Start(bool keep_body);
  // One line with its line end, as curl gives them.
  void AddHeaderLine(absl::string_view line);
  // False if the body has become too long.
  bool AddBody(absl::string_view piece);

  // The values of all Content-Encoding lines, in order; "" for none.
  const std::string& content_encoding() const { return content_encoding_; }

 private:
  void ReadStatusLine(absl::string_view line);

  HttpResponse& response_;
  std::string content_encoding_;
  bool keep_body_ = true;
  bool in_headers_ = false;
};

// "Not Found" for 404, "" for a status that has no registered phrase.
absl::string_view ReasonPhrase(int status);

}  // namespace lockstep::agent
