#include "coordinator/core/verdict.h"

#include <utility>

namespace lockstep::coordinator {

void Verdict::Record(RunOutcome fault) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    outcome_ = std::move(fault);
  }
}

void Verdict::Judge(absl::FunctionRef<std::optional<std::string>()> crossed) {
  if (marked_) {
    Record({ExitCode::kMarkedAsFailed, "test run was marked as failed"});
  }
  if (judged_) {
    return;
  }
  judged_ = true;
  if (std::optional<std::string> reason = crossed(); reason.has_value()) {
    Record({ExitCode::kThresholdsHaveFailed, *std::move(reason)});
  }
}

}  // namespace lockstep::coordinator
