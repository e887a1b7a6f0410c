// From several sources to one set of options: defaults < configuration file < script < environment
// < flags. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/base/environment.h"
#include "common/options/options.h"
#include "common/options/parse.h"

namespace lockstep {

// Options from variables: for each of k6's names LOCKSTEP_VUS wins over K6_VUS; an option that k6
// has only a flag for has a variable of our own. An empty variable counts as unset. Booleans are
// true/false/1/0; lists are comma-separated; K6_TAGS is "a=b,c=d"; K6_STAGES is "10s:5,1m:0";
// K6_THRESHOLDS, K6_TLSAUTH and K6_HOSTS are JSON. Errors name the variable.
ParsedOptions ParseEnvironmentOptions(const Environment& environment);

// What somebody has said, and where: messages about it begin with the place.
struct Setting {
  std::string source;  // "K6_OUT", "--out", "-o"
  std::string value;
};
// LOCKSTEP_<name> or else K6_<name>; nothing if neither is set or both are empty.
std::optional<Setting> FindSetting(const Environment& environment, absl::string_view name);
// The variable of just this name; nothing if it is not set or empty.
std::optional<Setting> FindVariable(const Environment& environment, const std::string& variable);

// The variable of our own that a flag without one of k6's has: "LOCKSTEP_MAX_VU_BLOCK" of
// "max-vu-block".
std::string OwnVariable(absl::string_view flag);
// Of all options, behind LOCKSTEP_: "VUS", "EXECUTION_SEGMENT". In the order of the catalogue.
std::vector<std::string> OptionVariables();
// Of those that k6 has, too, and that are also read behind K6_.
std::vector<std::string> K6OptionVariables();

// A flag of the command line.
struct FlagSpec {
  const char* spelling;                        // "-u,--vus"
  enum class Kind { kValue, kSwitch, kList };  // a switch takes a value only as --flag=value
  Kind kind;
  const char* help;
  const char* value = "TEXT";  // what its value is, in a word: "N", "TIME", "FILE"
  const char* initial = "";    // what holds without it, as one would type it; "": nothing
};
struct OptionFlag {
  FlagSpec spec;
  absl::string_view key;  // of the option that it sets
  std::string variable;   // behind LOCKSTEP_
  std::string initial;    // instead of the spec's
  std::string bare;       // what it says without a value, for a switch that can say more
};
// In the order of the catalogue.
std::vector<OptionFlag> OptionFlags();

// Reads the option `key` as its flag writes it: as a variable does, but durations need a unit, and
// what may be given several times adds up; of the rest the last value wins, and each is read. A
// switch without a value says "true".
void ParseOptionFlag(absl::string_view key, const std::vector<Setting>& values,
                     ParsedOptions* parsed);

// true, t, 1, false, f or 0, in any case.
std::optional<bool> ParseBool(absl::string_view text);

// "[duration]:[target]", such as "10s:5", ":5" or "10s". A unit is required if `unit_required`.
// InvalidArgument shows the text.
absl::StatusOr<Stage> ParseStageText(absl::string_view text, bool unit_required);

// What a configuration file holds: options under the script's names, and settings of the run beside
// them.
struct ConfigFile {
  std::string name;  // as messages call it: "lockstep.yaml"; "": there is none
  ParsedOptions parsed;
  std::vector<std::string> outputs;  // `out`: "json=results.json"
  std::optional<bool> linger;
  std::optional<bool> no_usage_report;
  std::optional<std::string> usage_report_url;
};

// lockstep.yaml: a map with the keys of a script's options, and `out`, `linger`, `noUsageReport`,
// `usageReportUrl`. An `options:` section may hold the options instead. `name` is for messages.
ConfigFile ParseYamlConfig(absl::string_view text, absl::string_view name);
// k6's JSON configuration file, with the same keys.
ConfigFile ParseJsonConfig(absl::string_view text, absl::string_view name);

struct OptionsTier {
  std::string name;  // for messages: "config", "script", "env", "cli"
  Options options;
  OptionSources sources = {};
};

// Later tiers win, option by option; duration, iterations, stages and scenarios are a family: a
// tier that sets one of them wipes those of all lower tiers, with a warning of what it does not
// replace by its own. A tier with `vus` and none of the first three wipes scenarios too, its own
// included. `tags` and `hosts` are replaced whole.
ParsedOptions MergeTiers(const std::vector<OptionsTier>& tiers);

}  // namespace lockstep
