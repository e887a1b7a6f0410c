#include "common/base/steady_thread.h"

#include <cstdint>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lockstep {
namespace {

// The kernel's struct sched_attr in its first form; glibc has none before 2.41.
struct SchedAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};

// The shortest that the kernel takes.
constexpr uint64_t kSliceNs = 100'000;

}  // namespace

void SteadyThisThread() {
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  SchedAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0 &&
      attributes.policy == 0 /* SCHED_OTHER */) {
    attributes.size = sizeof attributes;
    attributes.runtime_ns = kSliceNs;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
  }
}

}  // namespace lockstep
