// k6's `rps` option: all requests of an agent take turns at exact intervals. Thread-safe.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/sync.h"

namespace lockstep::agent {

class RateLimiter {
 public:
  // `per_second` <= 0: no limit.
  explicit RateLimiter(double per_second)
      : limited_(per_second > 0), distance_(DistanceOf(per_second)) {}

  bool unlimited() const { return !limited_; }
  // From now on. A limiter without a limit stays without one, and one with a limit keeps one:
  // `per_second` > 0.
  void SetRate(double per_second) {
    if (limited_ && per_second > 0) {
      MutexLock lock(mutex_);
      distance_ = DistanceOf(per_second);
    }
  }

  // When a request that comes at `now` may go: never earlier, and at least one interval after the
  // one before. Unused turns are not saved up.
  MonoTime Reserve(MonoTime now) {
    if (unlimited()) {
      return now;
    }
    MutexLock lock(mutex_);
    const MonoTime turn = std::max(now, next_);
    next_ = turn + distance_;
    return turn;
  }

 private:
  static absl::Duration DistanceOf(double per_second) {
    return per_second > 0 ? absl::Seconds(1) / per_second : absl::ZeroDuration();
  }

  const bool limited_;
  Mutex mutex_;
  absl::Duration distance_ ABSL_GUARDED_BY(mutex_);
  MonoTime next_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
