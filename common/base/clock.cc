#include "common/base/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace lockstep {

MonoTime operator+(MonoTime t, absl::Duration d) {
  if (t.infinite() || d == absl::InfiniteDuration()) {
    return MonoTime::Infinite();
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(t.nanos(), absl::ToInt64Nanoseconds(d), &sum)) {
    return d > absl::ZeroDuration() ? MonoTime::Infinite() : MonoTime();
  }
  return MonoTime::FromNanos(sum);
}

absl::Duration operator-(MonoTime a, MonoTime b) {
  if (a.infinite()) {
    return b.infinite() ? absl::ZeroDuration() : absl::InfiniteDuration();
  }
  if (b.infinite()) {
    return -absl::InfiniteDuration();
  }
  int64_t nanos = 0;
  return __builtin_sub_overflow(a.nanos(), b.nanos(), &nanos)
             ? absl::Nanoseconds(a.nanos()) - absl::Nanoseconds(b.nanos())
             : absl::Nanoseconds(nanos);  // a division less
}

MonoTime SystemClock::Mono() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return MonoTime::FromNanos(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

absl::Time SystemClock::Wall() const {
  return absl::Now();
}

}  // namespace lockstep
