#include "common/base/processors.h"

#include <algorithm>

#include <sched.h>

namespace lockstep {

int Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace lockstep
