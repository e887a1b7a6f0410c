// Failures of HTTP/2 in k6's codes and words. Pure.
#pragma once

#include <cstdint>

#include "agent/http/message.h"

namespace lockstep::agent {

// `code`: RFC 9113, section 7; others than those known there get the family's own code.
// The server has reset the stream, or has broken its rules.
HttpError Http2StreamError(uint32_t code);
// The connection ended after the server had said that it would.
HttpError Http2GoAwayError(uint32_t code);
// The server has broken the connection's rules, or nghttp2's limits.
HttpError Http2ConnectionError(uint32_t code);

// Of an answer whose head is too large.
inline constexpr size_t kMaxHttp2HeadBytes = size_t{1} << 20;
HttpError Http2HeaderTooLarge();

// A request that a server did not work on is sent again up to so many times ...
inline constexpr int kMaxRefusals = 7;
// ... first at once, then after pauses that double: as Go. `refusals` >= 1.
absl::Duration PauseAfter(int refusals);

}  // namespace lockstep::agent
