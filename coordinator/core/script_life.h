// What has become of the script's own functions in a run: whether setup() was called and how it ended,
// what it returned, and whether the agent that calls them can call another one. Pure.
#pragma once

#include "lockstep/v1/control.pb.h"

#include "common/base/exit_code.h"

namespace lockstep::coordinator {

struct RunCheckpoint;

class ScriptLife {
 public:
  // Done: it has returned, or there is none. Interrupted: it had begun, and the run ends for another
  // reason.
  enum class Setup { kPending, kFailed, kInterrupted, kDone };

  // There is no setup().
  void SkipSetup() { setup_ = Setup::kDone; }
  // Its end; it may come late, when it was interrupted.
  void OnSetupDone(const v1::SetupDone& done);
  // The run ends with `code` while setup() runs.
  void Interrupted(ExitCode code);
  // A function had to be given up: the agent that was to call it can call no other.
  void GiveUp() { usable_ = false; }

  bool set_up() const { return setup_ == Setup::kDone; }
  // setup() has begun and has not failed by itself: then teardown() is called, too.
  bool begun() const { return setup_ == Setup::kDone || setup_ == Setup::kInterrupted; }
  const v1::SetupValue& setup_data() const { return setup_data_; }
  bool usable() const { return usable_; }

  void SaveTo(RunCheckpoint& saved) const;
  void Restore(const RunCheckpoint& saved);

 private:
  Setup setup_ = Setup::kPending;
  v1::SetupValue setup_data_;
  bool usable_ = true;
};

}  // namespace lockstep::coordinator
