#include "coordinator/core/run_outcome.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void RunFaults::Record(RunOutcome fault) {
  if (state_.outcome.exit_code == ExitCode::kSuccess) {
    state_.outcome = std::move(fault);
  }
}

void RunFaults::RecordLoss(const std::string& agent, absl::string_view reason) {
  if (state_.outcome.exit_code == ExitCode::kSuccess) {
    state_.losses.reason = std::string(reason);
  } else if (state_.losses.agents.empty()) {
    return;  // another fault decides
  }
  std::vector<std::string>& lost = state_.losses.agents;
  if (std::count(lost.begin(), lost.end(), agent) > 0) {
    return;
  }
  lost.push_back(agent);
  std::string names = lost.front();
  for (size_t i = 1; i < lost.size(); ++i) {
    absl::StrAppend(&names, i + 1 < lost.size() ? ", " : " and ", lost[i]);
  }
  state_.outcome = {
      .exit_code = ExitCode::kOther,
      .message = lost.size() == 1
                     ? absl::StrCat("agent ", names, " was lost: ", state_.losses.reason)
                     : absl::StrCat("agents ", names, " were lost; ", lost.front(), ": ",
                                    state_.losses.reason),
      .logged = true};
}

void RunFaults::Judge(absl::FunctionRef<std::optional<std::string>()> crossed) {
  if (state_.marked) {
    Record({ExitCode::kMarkedAsFailed, "test run was marked as failed"});
  }
  if (state_.judged) {
    return;
  }
  state_.judged = true;
  if (std::optional<std::string> reason = crossed(); reason.has_value()) {
    Record({ExitCode::kThresholdsHaveFailed, *std::move(reason)});
  }
}

}  // namespace lockstep::coordinator
