#include "coordinator/core/script_life.h"

namespace lockstep::coordinator {

void ScriptLife::OnSetupDone(const v1::SetupDone& done) {
  if (state_.setup != Setup::kPending && state_.setup != Setup::kInterrupted) {
    return;
  }
  if (!done.has_failure()) {
    state_.setup = Setup::kDone;
    state_.setup_data = std::make_shared<v1::SetupValue>(done.value());
  } else if (state_.setup == Setup::kPending) {
    state_.setup = Setup::kFailed;
  }
}

void ScriptLife::Interrupted(ExitCode code) {
  if (state_.setup == Setup::kPending) {
    const bool by_itself = code == ExitCode::kSetupTimeout || code == ExitCode::kScriptAborted;
    state_.setup = by_itself ? Setup::kFailed : Setup::kInterrupted;
  }
}

}  // namespace lockstep::coordinator
