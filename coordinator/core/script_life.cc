#include "coordinator/core/script_life.h"

#include "coordinator/core/checkpoint.h"

namespace lockstep::coordinator {

void ScriptLife::OnSetupDone(const v1::SetupDone& done) {
  if (setup_ != Setup::kPending && setup_ != Setup::kInterrupted) {
    return;
  }
  if (!done.has_failure()) {
    setup_ = Setup::kDone;
    setup_data_ = done.value();
  } else if (setup_ == Setup::kPending) {
    setup_ = Setup::kFailed;
  }
}

void ScriptLife::Interrupted(ExitCode code) {
  if (setup_ == Setup::kPending) {
    const bool by_itself = code == ExitCode::kSetupTimeout || code == ExitCode::kScriptAborted;
    setup_ = by_itself ? Setup::kFailed : Setup::kInterrupted;
  }
}

void ScriptLife::SaveTo(RunCheckpoint& saved) const {
  saved.setup = setup_;
  saved.setup_data = setup_data_;
  saved.script_usable = usable_;
}

void ScriptLife::Restore(const RunCheckpoint& saved) {
  setup_ = saved.setup;
  setup_data_ = saved.setup_data;
  usable_ = saved.script_usable;
}

}  // namespace lockstep::coordinator
