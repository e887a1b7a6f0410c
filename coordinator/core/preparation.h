// Before T0, and for a member that joins later: asks each for the next thing that it lacks.
// Loop-bound.
#pragma once

#include "coordinator/core/roster.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"
#include "coordinator/core/script_life.h"

namespace lockstep::coordinator {

class Preparation {
 public:
  // All are borrowed and outlive this.
  Preparation(const RunPhase& phase, Roster& roster, RunSender& sender, const ScriptLife& script)
      : phase_(phase), roster_(roster), sender_(sender), script_(script) {}

  // In the present state: a spare that takes over catches up in a later one than the others.
  void Next(RunMember& member);
  void NextOfAll();

 private:
  const RunPhase& phase_;
  Roster& roster_;
  RunSender& sender_;
  const ScriptLife& script_;
};

}  // namespace lockstep::coordinator
