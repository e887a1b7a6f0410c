// How tests wait for what happens on a loop.
#pragma once

#include <gtest/gtest.h>

#include "absl/time/time.h"

#include "common/base/event_loop.h"

namespace lockstep::testing {

// Turns `loop` until `done`; fails the test after many seconds, so that a lost event does not hang
// it.
template <typename Loop, typename Condition>
void TurnUntil(Loop& loop, Condition done) {
  bool expired = false;
  const TimerId limit = loop.After(absl::Minutes(2), [&expired] { expired = true; });
  while (!done() && !expired) {
    loop.After(absl::Milliseconds(1), [] {});  // what is waited for may happen elsewhere
    loop.Turn(/*wait=*/true);
  }
  loop.Cancel(limit);
  EXPECT_FALSE(expired) << "nothing happened for two minutes";
}

}  // namespace lockstep::testing
