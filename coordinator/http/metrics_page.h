// A run's status in Prometheus' text format.
//
// Test metrics are `lockstep_NAME`: counters end in `_total`, times are in seconds and data in
// bytes and say so, rates are ratios from 0 to 1, trends are summaries with the quantiles 0.5, 0.9,
// 0.95 and 0.99 of the whole run so far. Submetrics have their tags as labels. The run's own
// figures are lockstep_run_*; lockstep_agent_* are those of the agents' own pages.
#pragma once

#include <string>

#include "lockstep/v1/status.pb.h"

namespace lockstep::coordinator {

std::string MetricsPage(const v1::RunStatus& status);

}  // namespace lockstep::coordinator
