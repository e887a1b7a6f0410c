#include "coordinator/core/verdict.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void Verdict::Record(RunOutcome fault) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    outcome_ = std::move(fault);
  }
}

void Verdict::RecordLoss(const std::string& agent, absl::string_view reason) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    loss_ = std::string(reason);
  } else if (lost_.empty()) {
    return;  // another fault decides
  }
  lost_.push_back(agent);
  std::string names = lost_.front();
  for (size_t i = 1; i < lost_.size(); ++i) {
    absl::StrAppend(&names, i + 1 < lost_.size() ? ", " : " and ", lost_[i]);
  }
  outcome_ = {ExitCode::kOther,
              absl::StrCat(lost_.size() == 1 ? "agent " : "agents ", names,
                           lost_.size() == 1 ? " was lost: " : " were lost: ", loss_)};
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
