// What has become of the script's own functions in a run: whether setup() was called and how it
// ended, what it returned, and whether the agent that calls them can call another one. Pure.
#pragma once

#include <memory>
#include <utility>

#include "lockstep/v1/control.pb.h"

#include "common/base/exit_code.h"

namespace lockstep::coordinator {

class ScriptLife {
 public:
  // Done: it has returned, or there is none. Interrupted: it had begun, and the run ends for
  // another reason.
  enum class Setup { kPending, kFailed, kInterrupted, kDone };

  // There is no setup().
  void SkipSetup() { state_.setup = Setup::kDone; }
  // Its end; it may come late, when it was interrupted.
  void OnSetupDone(const v1::SetupDone& done);
  // The run ends with `code` while setup() runs.
  void Interrupted(ExitCode code);
  // A function had to be given up: the agent that was to call it can call no other.
  void GiveUp() { state_.usable = false; }

  bool set_up() const { return state_.setup == Setup::kDone; }
  // setup() has begun and has not failed by itself: then teardown() is called, too.
  bool begun() const { return set_up() || state_.setup == Setup::kInterrupted; }
  const v1::SetupValue& setup_data() const { return *state_.setup_data; }
  bool usable() const { return state_.usable; }

  struct State {
    Setup setup = Setup::kPending;
    // It may be large: copies share it, and it never changes.
    std::shared_ptr<const v1::SetupValue> setup_data = std::make_shared<v1::SetupValue>();
    bool usable = true;
  };
  const State& state() const { return state_; }
  void Restore(State state) { state_ = std::move(state); }

 private:
  State state_;
};

}  // namespace lockstep::coordinator
