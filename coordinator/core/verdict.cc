#include "coordinator/core/verdict.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void Verdict::Record(RunOutcome fault) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    outcome_ = std::move(fault);
  }
}

void Verdict::Mark(const std::string& message) {
  if (!mark_.has_value()) {
    mark_ = message;
  }
}

void Verdict::Judge(absl::FunctionRef<std::optional<std::string>()> crossed) {
  if (mark_.has_value()) {
    Record({ExitCode::kMarkedAsFailed,
            absl::StrCat("test run was marked as failed", mark_->empty() ? "" : ": ", *mark_)});
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
