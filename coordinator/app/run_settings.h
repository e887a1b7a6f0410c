// What the flags, variables and file of a run say beside the options of its test: where results go,
// and what is wrong with that before anything starts.
#pragma once

#include <string>
#include <vector>

#include "common/base/environment.h"
#include "common/options/tiers.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/rig.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {

// All that -o and its like ask for, the dashboard included.
std::vector<OutputSpec> OutputsOf(const RunSettingsFlags& flags, const ConfigFile& config);

// A line for each mistake: settings that cannot be read, files that cannot be written or would take
// the place of each other or of what is read.
std::vector<std::string> MistakesInSettings(const RunRequest& request, const ConfigFile& config,
                                            const Environment& environment);
// What a run with these outputs writes, beside what its script may.
std::vector<NamedFile> WrittenFilesOf(const RunRequest& request,
                                      const std::vector<OutputSpec>& specs,
                                      const OutputContext& context);

}  // namespace lockstep::coordinator
