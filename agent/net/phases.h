// The phases of a request from two rulers: curl's, which counts from an instant of its own, and
// ours, which counts from the submission.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

#include "agent/http/message.h"
#include "common/base/clock.h"

namespace lockstep::agent {

// Instants of our own clock; those that did not come are MonoTime().
struct TransferStamps {
  MonoTime started;
  MonoTime prerequest;    // connected (or a kept connection taken), the request follows
  MonoTime first_header;  // the first line of an answer
  MonoTime ended;
  absl::Duration looking_up;
};

// Since curl began the transfer; zero if it did not get that far. The names are curl's.
struct CurlTimes {
  absl::Duration name_lookup;
  absl::Duration connect;
  absl::Duration app_connect;
  absl::Duration pre_transfer;
  absl::Duration post_transfer;
  absl::Duration start_transfer;
  absl::Duration total;
  int64_t bytes_sent = 0;  // head and body
};

// Differences of curl's times are taken as they are; the border between blocked and sending is our
// stamp, and so is the first header, whose callback follows curl's start-transfer stamp at once.
// The border between sending and waiting is not exact, by about one system call: curl stamps it
// after the write has returned and after it has looked for an answer once. A request that one write
// sends has left before the stamp. Where that comes nearer to the answer than to the beginning, it
// tells when the thread got its processor back and not when the request left: all of it then is
// waiting, rather than a border that nobody has measured.
HttpTimings PhasesOf(const CurlTimes& curl, const TransferStamps& stamps);

}  // namespace lockstep::agent
