// A request's head as HTTP/2 has it (RFC 9113, section 8.3), for nghttp2. Pure.
#pragma once

#include <string>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"

namespace lockstep::agent {

// The fields of one request at a time; used again, it needs no new memory.
class Http2Fields {
 public:
  // Valid until the next call. The values of `request`'s headers are flagged not to be copied, so
  // it stays as it is while nghttp2 has them. Names are as the script wrote them, which nghttp2
  // puts into lower case; what belongs to a connection (RFC 9113, section 8.2.2) is left out.
  const std::vector<nghttp2_nv>& Of(const HttpRequest& request);

 private:
  void Add(absl::string_view name, absl::string_view value, uint8_t flags);

  std::vector<nghttp2_nv> fields_;
  std::string path_, authority_, length_;
};

}  // namespace lockstep::agent
