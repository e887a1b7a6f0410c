// The options of a run, out of all tiers: configuration file < script < environment < flags.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "common/options/tiers.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

struct ResolvedOptions {
  Options merged;         // as the tiers say: what `inspect` prints
  OptionSources sources;  // of these
  Options consolidated;   // scenarios and defaults: what agents are told
  RunOptions run;         // the same, without what nobody set
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // all of them, in k6's words; with any, the test must not run
};

// All tiers but the script's, read before anything starts.
class OptionTiers {
 public:
  // Reads the configuration file: the one named by --config, else ./lockstep.yaml, else k6's own in
  // the user's folder; there may be none of the latter two. A name that ends in .json is k6's JSON
  // format.
  static OptionTiers Load(const TestSettings& settings, const Environment& environment);

  // Adds what is wrong with flags or variables that are no options of the test, each once.
  void AddErrors(const std::vector<std::string>& errors);
  // What is wrong with flags, file and environment.
  const std::vector<std::string>& errors() const { return errors_; }
  // Whether the command line is wrong, and not just the test.
  bool usage() const { return usage_; }
  // The refusal of a test with these errors, OK if there are none. FailedPrecondition where the
  // command line itself is wrong, else InvalidArgument.
  absl::Status Refusal(const std::vector<std::string>& errors) const;
  // Something that the user should know of; empty: nothing.
  const std::string& note() const { return note_; }
  const ConfigFile& config_file() const { return config_; }
  // What variables say.
  const Options& environment() const { return environment_.options; }

  // Adds the script's options and its exported functions. What cannot be read does not hide what
  // else is wrong: the errors are those of all tiers. With --strict, options and system tags of
  // which nothing is known are errors.
  ResolvedOptions Resolve(absl::string_view script_options_json,
                          const std::vector<std::string>& exports) const;

 private:
  void ReadConfigFile(const TestSettings& settings, const Environment& environment);

  ConfigFile config_;
  ParsedOptions environment_;
  OptionsTier flags_;
  std::vector<std::string> errors_;
  bool usage_ = false;
  bool strict_ = false;
  std::string note_;
};

}  // namespace lockstep::coordinator
