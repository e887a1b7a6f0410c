#include "coordinator/core/run_outcome.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void RunFaults::Record(RunOutcome fault) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    outcome_ = std::move(fault);
  }
}

void RunFaults::RecordLoss(const std::string& agent, absl::string_view reason) {
  if (outcome_.exit_code == ExitCode::kSuccess) {
    losses_.reason = std::string(reason);
  } else if (losses_.agents.empty()) {
    return;  // another fault decides
  }
  std::vector<std::string>& lost = losses_.agents;
  if (std::count(lost.begin(), lost.end(), agent) > 0) {
    return;
  }
  lost.push_back(agent);
  std::string names = lost.front();
  for (size_t i = 1; i < lost.size(); ++i) {
    absl::StrAppend(&names, i + 1 < lost.size() ? ", " : " and ", lost[i]);
  }
  outcome_ = {ExitCode::kOther, lost.size() == 1
                                    ? absl::StrCat("agent ", names, " was lost: ", losses_.reason)
                                    : absl::StrCat("agents ", names, " were lost; ", lost.front(),
                                                   ": ", losses_.reason)};
}

void RunFaults::Judge(absl::FunctionRef<std::optional<std::string>()> crossed) {
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
