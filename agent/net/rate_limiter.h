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
      : distance_(per_second > 0 ? absl::Seconds(1) / per_second : absl::ZeroDuration()) {}

  bool unlimited() const { return distance_ == absl::ZeroDuration(); }

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
  const absl::Duration distance_;
  Mutex mutex_;
  MonoTime next_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
