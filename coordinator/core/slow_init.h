// Says who keeps a run waiting before its start: whose init code, which nothing interrupts before
// the state's limit, has not ended, or which file of the script has not come. Loop-bound.
#pragma once

#include "common/base/log.h"
#include "common/base/timer.h"
#include "coordinator/core/file_server.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_phase.h"

namespace lockstep::coordinator {

class SlowInit {
 public:
  // All are borrowed and outlive this.
  SlowInit(EventLoop& loop, const RunPhase& phase, const Roster& roster, const FileServer& files,
           Logger& logger)
      : phase_(phase), roster_(roster), files_(files), logger_(logger), timer_(loop) {}

  // A state has begun. One with init code is told of after so long, then after twice as long, and
  // so on.
  void Watch() { TellAfter(kFirst); }

 private:
  static constexpr absl::Duration kFirst = absl::Seconds(10);

  void TellAfter(absl::Duration lasted);
  // Whose init code has not ended, separated by commas.
  std::string Late() const;

  const RunPhase& phase_;
  const Roster& roster_;
  const FileServer& files_;
  Logger& logger_;
  Timer timer_;
};

}  // namespace lockstep::coordinator
