#include "common/rpc/early_start.h"

#include <thread>

#include <pthread.h>
#include <signal.h>

#include "absl/base/internal/sysinfo.h"

namespace lockstep {

void MeasureProcessorEarly() {
  // Signals are for others: the thread inherits what is blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([] { absl::base_internal::NominalCPUFrequency(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace lockstep
