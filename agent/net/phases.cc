#include "agent/net/phases.h"

#include <algorithm>

namespace lockstep::agent {
namespace {

// What curl hands to the kernel in one go, with which a request has been sent as a whole.
constexpr int64_t kOneWrite = 64 << 10;

// When the last byte had left. curl looks for an answer before it stamps this. An answer that is
// there already, as the machine was busy elsewhere meanwhile, makes the stamp as late as the answer
// and says nothing about a request that one write has sent: that one left at the beginning.
absl::Duration SentAt(const CurlTimes& curl) {
  const bool stamped_late = curl.post_transfer >= curl.start_transfer;
  if (stamped_late && curl.bytes_sent <= kOneWrite) {
    return curl.pre_transfer;
  }
  return std::max(curl.pre_transfer, curl.post_transfer);
}

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
  timings.waiting =
      std::clamp(curl.start_transfer - SentAt(curl), absl::ZeroDuration(), until_first);
  timings.sending = until_first - timings.waiting;
  timings.receiving = std::clamp(curl.total - curl.start_transfer, absl::ZeroDuration(),
                                 stamps.ended - stamps.first_header);
  return timings;
}

}  // namespace lockstep::agent
