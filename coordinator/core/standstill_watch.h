// Notices when the coordinator itself stood still while the load ran: it beats four times a second,
// and a beat that comes late shows it. Loop-bound.
#pragma once

#include <vector>

#include "common/base/timer.h"
#include "common/health/judge.h"
#include "coordinator/core/checkpoint.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_phase.h"

namespace lockstep::coordinator {

class StandstillWatch {
 public:
  // All are borrowed and outlive this.
  StandstillWatch(EventLoop& loop, const RunPhase& phase, const RunClock& run_clock)
      : clock_(loop.clock()), phase_(phase), run_clock_(run_clock), timer_(loop) {}

  // Watches from T0 on, until all have drained.
  void Begin();
  // Goes on after Restore: the time since the last beat of another process counts.
  void Beat();
  // Standing still until now was on purpose.
  void Forgive() { last_beat_ = clock_.Mono(); }
  // Since T0, the first ones.
  const std::vector<Standstill>& standstills() const { return standstills_; }

  void SaveTo(RunCheckpoint& saved) const;
  void Restore(const RunCheckpoint& saved);

 private:
  const Clock& clock_;
  const RunPhase& phase_;
  const RunClock& run_clock_;
  Timer timer_;
  MonoTime last_beat_;
  bool restored_ = false;  // that beat was another process's
  std::vector<Standstill> standstills_;
};

}  // namespace lockstep::coordinator
