// The options of a run, out of all tiers: configuration file < script < environment < flags.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/options/tiers.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

struct ResolvedOptions {
  Options merged;        // as the tiers say: what `inspect` prints
  Options consolidated;  // scenarios and defaults: what agents are told
  RunOptions run;        // the same, without what nobody set
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // all of them, in k6's words; with any, the test must not run
};

// All tiers but the script's, read before anything starts, so that a mistake in them is reported at
// once.
class OptionTiers {
 public:
  // Reads the configuration file: the one named by --config, else ./lockstep.yaml if there is one.
  // A name that ends in .json is k6's JSON format. NotFound, naming the file, if a named file
  // cannot be read; InvalidArgument with all errors of file and environment.
  static absl::StatusOr<OptionTiers> Load(const TestSettings& settings,
                                          const Environment& environment);

  const ConfigFile& config_file() const { return config_; }

  // Adds the script's options and its exported functions. What cannot be read does not hide what
  // else is wrong.
  ResolvedOptions Resolve(absl::string_view script_options_json,
                          const std::vector<std::string>& exports) const;

 private:
  ConfigFile config_;
  ParsedOptions environment_;
  Options flags_;
};

}  // namespace lockstep::coordinator
