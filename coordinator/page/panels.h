// The parts of a page that are text: tiles and tables, as HTML. Pure.
#pragma once

#include <map>
#include <string>

#include "coordinator/page/page_model.h"

namespace lockstep::coordinator {

// By name; an empty one has nothing to show:
//
// | verdict      | how the run stands or ended, in a sentence           |
// | tiles        | the figures that are looked at first                 |
// | thresholds   | with the instant of the first failure                |
// | requests     | by name                                              |
// | durations    | of requests that went as expected and of the others  |
// | errors       | by cause                                             |
// | checks       |                                                      |
// | scenarios    |                                                      |
// | agents       |                                                      |
// | metrics      | all of them, submetrics included                     |
// | log          | the last lines                                       |
// | environment  | versions, agents, options                            |
using Panels = std::map<std::string, std::string>;
Panels RenderPanels(const PageModel& model);

// `comparison`: what differs from the baseline, with its test.
std::string RenderComparison(const PageBaseline& baseline);

}  // namespace lockstep::coordinator
