#include "coordinator/app/resolve.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/read_file.h"
#include "common/options/consolidate.h"
#include "common/options/parse.h"

namespace lockstep::coordinator {
namespace {

constexpr char kDefaultFile[] = "lockstep.yaml";

}  // namespace

absl::StatusOr<OptionTiers> OptionTiers::Load(const TestSettings& settings,
                                              const Environment& environment) {
  OptionTiers tiers;
  const bool named = !settings.config_file.empty();
  const std::string path = named ? settings.config_file : kDefaultFile;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) {
    tiers.config_ =
        absl::EndsWith(path, ".json") ? ParseJsonConfig(*text, path) : ParseYamlConfig(*text, path);
  } else if (named) {
    return absl::NotFoundError(absl::StrCat("--config: cannot read the file \"", path, "\""));
  }
  tiers.environment_ = ParseEnvironmentOptions(environment);
  tiers.flags_ = settings.flags;
  std::vector<std::string> errors = tiers.config_.parsed.errors;
  errors.insert(errors.end(), tiers.environment_.errors.begin(), tiers.environment_.errors.end());
  if (!errors.empty()) {
    return ConfigurationStatus(errors);
  }
  return tiers;
}

ResolvedOptions OptionTiers::Resolve(absl::string_view script_options_json,
                                     const std::vector<std::string>& exports) const {
  ParsedOptions script = ParseScriptOptions(script_options_json);
  ParsedOptions merged = MergeTiers({{"config", config_.parsed.options},
                                     {"script", std::move(script.options)},
                                     {"env", environment_.options},
                                     {"cli", flags_}});
  ParsedOptions consolidated = Consolidate(merged.options);
  ResolvedOptions resolved;
  resolved.run = Settle(consolidated.options);
  // Where no scenario could be read, what its functions are is not known either.
  const bool unread = merged.options.scenarios.has_value() && merged.options.scenarios->empty();
  for (const std::vector<std::string>& errors :
       {script.errors, consolidated.errors,
        Validate(resolved.run, !script.ok() && unread ? nullptr : &exports)}) {
    resolved.errors.insert(resolved.errors.end(), errors.begin(), errors.end());
  }
  if (std::find(exports.begin(), exports.end(), "options") != exports.end()) {
    resolved.errors.emplace_back(
        "options: the script exports a function; options are an object, so export what the "
        "function returns: `export const options = {...}`");
  }
  const std::vector<std::string>* const all_warnings[] = {
      &config_.parsed.warnings, &script.warnings, &merged.warnings, &consolidated.warnings};
  for (const std::vector<std::string>* warnings : all_warnings) {
    resolved.warnings.insert(resolved.warnings.end(), warnings->begin(), warnings->end());
  }
  resolved.merged = std::move(merged.options);
  resolved.consolidated = std::move(consolidated.options);
  return resolved;
}

}  // namespace lockstep::coordinator
