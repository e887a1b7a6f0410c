// The option `httpDebug`: each exchange of a VU, its request and its response, as lines of the
// run's log. One per VU, on the VU's worker. Knows no V8.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "common/base/log.h"

namespace lockstep::agent {

class HttpDebug {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  // Bodies are shown up to this length; the rest is only counted.
  static constexpr size_t kMaxBodyShown = 64 << 10;

  // `logger` is borrowed. `bodies`: heads and bodies, not only heads. `id_prefix` tells this VU's
  // requests from those of others. `where` says what surrounds a line: group, scenario, iteration.
  HttpDebug(Logger& logger, bool bodies, std::string id_prefix, absl::AnyInvocable<Fields()> where);

  bool bodies() const { return bodies_; }
  // Logs `request`. The result is the id under which its answer is logged.
  std::string Request(const HttpRequest& request);
  // Logs the response, or why there is none.
  void Response(absl::string_view id, const HttpResponse& response);

 private:
  void Write(std::string text, absl::string_view id);

  Logger& logger_;
  const bool bodies_;
  const std::string id_prefix_;
  absl::AnyInvocable<Fields()> where_;
  int64_t requests_ = 0;
};

// `body` as a log shows it: without its content codings, text as it is but cut to kMaxBodyShown,
// anything else as its length.
std::string BodyForLog(absl::string_view content_encoding, absl::string_view body);

}  // namespace lockstep::agent
