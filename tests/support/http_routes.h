// What the test server answers; see http_server.h for the list. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::testing {

struct ServerRequest {
  std::string method, target, path, query;
  std::string head;  // request line and header lines as received
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  bool kept_connection = false;  // not the first request on its connection
  absl::string_view Header(absl::string_view lower_case_name) const;
};

// What is to be written, and what follows.
struct ServerReply {
  std::string first = {};   // at once, or after `delay` if `delay_first`
  std::string second = {};  // after `delay`
  absl::Duration delay = absl::ZeroDuration();
  bool delay_first = false;
  std::vector<std::string> rest = {};  // each `delay` after the one before
  enum class Then { kKeep, kClose, kReset } then = Then::kKeep;
};

ServerReply Answer(const ServerRequest& request, int64_t requests_before);

}  // namespace lockstep::testing
