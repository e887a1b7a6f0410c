// From merged options to what a run does: shortcuts become scenarios, defaults are filled in,
// everything is checked. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/options/options.h"
#include "common/options/parse.h"

namespace lockstep {

// Makes `scenarios` out of vus, duration, iterations and stages (a scenario named "default"; vus
// alone is shared-iterations N x N; nothing at all is one VU and one iteration), sorts scenarios by
// start time and name, and fills in the system tags and the statistics of trends. Errors: shortcuts
// that exclude one another.
// `sources`: of the options.
ParsedOptions Consolidate(Options merged, const OptionSources& sources = {});

// What a run reads of consolidated options.
RunOptions Settle(const Options& consolidated);

// What is wrong with the options of a run: with those that count, whatever they have won over, and
// with all together. `exports` are the functions that the script exports; null: not known, not
// checked. Threshold expressions are checked elsewhere (common/threshold). `sources`: of the
// options.
std::vector<std::string> Validate(const RunOptions& options,
                                  const std::vector<std::string>* exports,
                                  const OptionSources& sources = {});

}  // namespace lockstep
