#include "agent/net/phases.h"

#include <algorithm>

namespace lockstep::agent {
namespace {

// What curl hands to the kernel in one go, with which a request has been sent as a whole. It leaves
// at the beginning of that write, and curl's stamps all come behind its end. With a server on the
// same machine the write may return late, even after the answer has come: the kernel delivers
// within it, and gives the processor to the server.
constexpr int64_t kOneWrite = 64 << 10;

}  // namespace

HttpTimings PhasesOf(const CurlTimes& curl, const TransferStamps& stamps) {
  HttpTimings timings;
  timings.looking_up = stamps.looking_up;
  if (curl.connect > absl::ZeroDuration()) {
    timings.connecting = std::max(curl.connect - curl.name_lookup, absl::ZeroDuration());
  }
  if (curl.app_connect > absl::ZeroDuration()) {
    timings.tls_handshaking = std::max(curl.app_connect - curl.connect, absl::ZeroDuration());
  }
  if (stamps.prerequest == MonoTime()) {  // no request was sent
    timings.blocked = stamps.ended - stamps.started;
    return timings;
  }
  timings.blocked = stamps.prerequest - stamps.started;
  if (stamps.first_header == MonoTime()) {  // no answer came
    timings.waiting = stamps.ended - stamps.prerequest;
    return timings;
  }
  const absl::Duration until_first = stamps.first_header - stamps.prerequest;
  const absl::Duration sent_at = std::max(curl.pre_transfer, curl.post_transfer);
  timings.sending =
      until_first - std::clamp(curl.start_transfer - sent_at, absl::ZeroDuration(), until_first);
  if (curl.bytes_sent <= kOneWrite && timings.sending > until_first / 2) {
    // The stamp is late, and the request left at the beginning.
    timings.sending = absl::ZeroDuration();
  }
  timings.waiting = until_first - timings.sending;
  timings.receiving = std::clamp(curl.total - curl.start_transfer, absl::ZeroDuration(),
                                 stamps.ended - stamps.first_header);
  return timings;
}

}  // namespace lockstep::agent
