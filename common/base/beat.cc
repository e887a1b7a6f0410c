#include "common/base/beat.h"

namespace lockstep {

MonoTime NextBeat(MonoTime base, absl::Duration period, MonoTime now) {
  if (now < base) {
    return base + period;
  }
  absl::Duration since_last;
  absl::IDivDuration(now - base, period, &since_last);
  return now + (period - since_last);
}

}  // namespace lockstep
