// Options of a test from JSON: what a script exports, what a configuration file holds, what the
// coordinator sends to agents. Nothing stops at the first error. Pure.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

#include "common/options/options.h"

namespace lockstep {

// Where each option has been set, by its key: "--vus", "K6_VUS", "lockstep.yaml: vus". Messages
// call it that.
using OptionSources = std::map<std::string, std::string, std::less<>>;
// How messages call the option `key`: as it was set, or else by its key.
std::string NameOf(absl::string_view key, const OptionSources& sources);
// "--vus, K6_DURATION: ": what a message that speaks of these options itself begins with; "" where
// their keys say it all, as in scripts.
std::string PlacesOf(std::initializer_list<absl::string_view> keys, const OptionSources& sources);

// `options` has what could be read; it is not to be used if there are errors.
struct ParsedOptions {
  Options options;
  OptionSources sources;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // each names the key, the value and what is allowed
  bool ok() const { return errors.empty(); }
};

// The options that a script exports, as JSON text. Both spellings of scenarios are read:
// `scenarios: {a: {executor: 'ramping-vus'}}` and `execution: {a: {type: 'variable-looping-vus'}}`.
// All unknown keys together make one warning; an unknown key inside a scenario is an error. What a
// scenario lacks or gets wrong in a way that only matters if it is run is kept in
// ScenarioConfig::problems for Validate. Text that is not a JSON object is an error; "" and "null"
// are no options at all.
ParsedOptions ParseScriptOptions(absl::string_view json_text);

// The same from a parsed object. `source` names it in the warning: "lockstep.yaml"; all other
// messages begin with `place`: "lockstep.yaml: ".
ParsedOptions ParseOptionsObject(const nlohmann::json& object, absl::string_view source,
                                 absl::string_view place = "");

// Reads one option into `parsed`, errors named by `label` ("K6_DURATION") instead of `key`. False
// if there is no option of this name.
bool ParseOption(absl::string_view key, const nlohmann::json& value, absl::string_view label,
                 ParsedOptions* parsed);

// All errors as one: InvalidArgument `There were problems with the specified script
// configuration:\n\t- ...`, or OK without errors.
absl::Status ConfigurationStatus(const std::vector<std::string>& errors);

}  // namespace lockstep
