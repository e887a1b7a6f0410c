// The one renderer of rows of progress: columns that are aligned over all rows and give way to the
// width that there is. In this order: the bar shrinks and becomes a percentage in brackets, the
// name is cut, the brackets go, then facts from the least important on. The share done never goes.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "coordinator/console/progress_view.h"

namespace lockstep::coordinator {

// "0m12.3s": a fixed number of decimals, so that columns stand still.
std::string ClockText(absl::Duration duration);
// "05/10", as wide for every number of VUs.
std::string VusText(int64_t vus, int64_t max_vus);
// "12.3", "120".
std::string RateText(double per_s);

struct RowsLook {
  int columns = 80;
  bool bars = true;  // false: percentages
  bool color = false;
};
// One line a scenario, in their order.
std::vector<std::string> RenderScenarioRows(const std::vector<ScenarioProgressView>& scenarios,
                                            const RowsLook& look);

// One line an agent: VUs, requests and errors a second, processor, lag, how well its clock is
// known; what there is no room for is left out, from the last on.
std::vector<std::string> RenderAgentRows(const std::vector<AgentProgressView>& agents,
                                         const RowsLook& look);
// One line a threshold, likewise: the ones that fail first.
std::vector<std::string> RenderThresholdRows(const std::vector<ThresholdProgressView>& thresholds,
                                             const RowsLook& look);

}  // namespace lockstep::coordinator
