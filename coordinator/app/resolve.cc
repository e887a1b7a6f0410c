#include "coordinator/app/resolve.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/options/consolidate.h"
#include "common/options/parse.h"

namespace lockstep::coordinator {
namespace {

constexpr char kDefaultFile[] = "lockstep.yaml";

std::optional<std::string> ReadWhole(const std::string& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return file.bad() || !file.is_open() ? std::nullopt : std::optional(std::move(text));
}

}  // namespace

absl::StatusOr<OptionTiers> OptionTiers::Load(const TestSettings& settings,
                                              const Environment& environment) {
  OptionTiers tiers;
  const bool named = !settings.config_file.empty();
  const std::string path = named ? settings.config_file : kDefaultFile;
  const std::optional<std::string> text = ReadWhole(path);
  if (text.has_value()) {
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
  // Where no scenario could be read, what its functions are is not known either.
  const bool unread = merged.options.scenarios.has_value() && merged.options.scenarios->empty();
  ResolvedOptions resolved;
  for (const std::vector<std::string>& errors :
       {script.errors, consolidated.errors,
        Validate(consolidated.options, !script.ok() && unread ? nullptr : &exports)}) {
    resolved.errors.insert(resolved.errors.end(), errors.begin(), errors.end());
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
