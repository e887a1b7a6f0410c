// The result of a call as scripts keep it: few look at more of a response than its status, its body
// and its times, and V8 lets thousands of those that nobody needs any more pile up before it looks
// for them. So all texts are in one piece, and what the call and the exchange have used for them is
// free for the next one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "agent/http/call.h"

namespace lockstep::agent {

class PackedResult {
 public:
  // Copies what is in `result`, but for bodies that are too large for that, which it takes.
  explicit PackedResult(HttpCallResult& result);

  bool sent() const { return sent_; }
  int status() const { return status_; }
  int error_code() const { return error_code_; }  // as Response.error_code
  HttpTimings timings() const;
  absl::string_view body() const;
  // Roughly what it takes.
  size_t bytes() const {
    return sizeof(*this) + text_bytes_ + (apart_ == nullptr ? 0 : apart_->body.size());
  }

  // All of it as it was, but for the response's body, its stamps and its bytes on the wire, and the
  // error's code and detail.
  HttpCallResult Unpack() const;

 private:
  // What few have.
  struct Apart {
    std::string body, request_body;  // "": in `texts_`
    std::vector<RequestCookie> cookies;
  };

  // The body, if it is not apart, then the others, each behind its length.
  std::unique_ptr<char[]> texts_;
  size_t text_bytes_ = 0;
  std::unique_ptr<Apart> apart_;
  size_t body_bytes_ = 0;  // of it in texts_
  int status_;
  int error_code_;
  int remote_port_;
  bool sent_;
  bool redirected_;
  uint32_t headers_;                // how many the response has
  uint32_t request_headers_;        // likewise
  std::array<int64_t, 7> timings_;  // nanoseconds, in the order of HttpTimings
  absl::string_view proto_;
  std::shared_ptr<const TlsFacts> tls_;
};

}  // namespace lockstep::agent
