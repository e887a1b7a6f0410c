#include "coordinator/app/resolve.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/environment.h"
#include "common/base/read_file.h"
#include "common/options/consolidate.h"
#include "common/options/parse.h"
#include "common/trust/cipher_suites.h"
#include "common/trust/client_certificate.h"

namespace lockstep::coordinator {
namespace {

constexpr char kDefaultFile[] = "lockstep.yaml";

// k6's own configuration file, "~/.config/k6/config.json"; "" if there is no home.
std::string FileOfK6(const Environment& environment) {
  const std::string config = XdgFolder(environment, "XDG_CONFIG_HOME", ".config");
  return config.empty() ? "" : config + "/k6/config.json";
}

// What OpenSSL has to be asked: its names of ciphers, and certificates.
std::vector<std::string> MistakesInTls(const RunOptions& options, const OptionSources& sources) {
  std::vector<std::string> mistakes =
      ReadCipherSuites(options.tls_cipher_suites, NameOf("tlsCipherSuites", sources)).errors;
  for (size_t i = 0; i < options.tls_auth.size(); ++i) {
    const auto& [cert, key, password, domains] = options.tls_auth[i];
    if (const absl::Status checked = CheckClientCertificate({cert, key, password}); !checked.ok()) {
      mistakes.push_back(absl::StrCat(NameOf("tlsAuth", sources), "[", i, "].", checked.message()));
    }
  }
  return mistakes;
}

// Each once.
void AddNew(const std::vector<std::string>& errors, std::vector<std::string>* all) {
  for (const std::string& error : errors) {
    if (std::find(all->begin(), all->end(), error) == all->end()) {
      all->push_back(error);
    }
  }
}

}  // namespace

OptionTiers OptionTiers::Load(const TestSettings& settings, const Environment& environment) {
  OptionTiers tiers;
  tiers.flags_ = {"cli", settings.flags, settings.flag_sources};
  tiers.environment_ = ParseEnvironmentOptions(environment);
  tiers.errors_ = settings.errors;
  tiers.usage_ = !settings.errors.empty();
  tiers.strict_ = settings.strict;
  tiers.ReadConfigFile(settings, environment);
  for (const std::vector<std::string>* errors :
       {&tiers.config_.parsed.errors, &tiers.environment_.errors}) {
    tiers.errors_.insert(tiers.errors_.end(), errors->begin(), errors->end());
  }
  return tiers;
}

void OptionTiers::AddErrors(const std::vector<std::string>& errors) {
  AddNew(errors, &errors_);
  usage_ = usage_ || !errors.empty();
}

void OptionTiers::ReadConfigFile(const TestSettings& settings, const Environment& environment) {
  const std::string& named = settings.config_file;
  std::string path = named.empty() ? kDefaultFile : named;
  absl::StatusOr<std::string> text = ReadFile(path);
  if (named.empty() && absl::IsNotFound(text.status())) {
    path = FileOfK6(environment);
    text = path.empty() ? absl::NotFoundError("") : ReadFile(path);
    if (text.ok()) {
      note_ =
          absl::StrCat("settings of k6's file ", path, " are used; --config names another file");
    }
  }
  if (text.ok()) {
    config_ =
        absl::EndsWith(path, ".json") ? ParseJsonConfig(*text, path) : ParseYamlConfig(*text, path);
  } else if (!named.empty() || !absl::IsNotFound(text.status())) {
    errors_.push_back(absl::StrCat(named.empty() ? "" : settings.config_label + ": ",
                                   "cannot read the file \"", path,
                                   "\": ", text.status().message()));
  }
}

absl::Status OptionTiers::Refusal(const std::vector<std::string>& errors) const {
  if (usage_) {
    return absl::FailedPreconditionError(errors == errors_
                                             ? absl::StrJoin(errors, "\n")
                                             : std::string(ConfigurationStatus(errors).message()));
  }
  return ConfigurationStatus(errors);
}

ResolvedOptions OptionTiers::Resolve(absl::string_view script_options_json,
                                     const std::vector<std::string>& exports) const {
  ParsedOptions script = ParseScriptOptions(script_options_json);
  ParsedOptions merged =
      MergeTiers({{"config", config_.parsed.options, config_.parsed.sources},
                  {"script", std::move(script.options), std::move(script.sources)},
                  {"env", environment_.options, environment_.sources},
                  flags_});
  ParsedOptions consolidated = Consolidate(merged.options, merged.sources);
  ResolvedOptions resolved;
  resolved.errors = errors_;
  resolved.run = Settle(consolidated.options);
  // Where no scenario could be read, what its functions are is not known either.
  const bool unread = merged.options.scenarios.has_value() && merged.options.scenarios->empty();
  for (const std::vector<std::string>& errors :
       {script.errors, consolidated.errors,
        Validate(resolved.run, !script.ok() && unread ? nullptr : &exports, merged.sources),
        MistakesInTls(resolved.run, merged.sources)}) {
    AddNew(errors, &resolved.errors);  // a segment is read once more where it meets its sequence
  }
  if (std::find(exports.begin(), exports.end(), "options") != exports.end()) {
    resolved.errors.emplace_back(
        "options: the script exports a function; options are an object, so export what the "
        "function returns: `export const options = {...}`");
  }
  const auto add = [](const std::vector<std::string>& from, std::vector<std::string>* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  std::vector<std::string>* const slips = strict_ ? &resolved.errors : &resolved.warnings;
  add(config_.parsed.warnings, slips);
  add(environment_.warnings, slips);
  add(script.warnings, slips);
  add(merged.warnings, &resolved.warnings);  // which tier has overridden what is no mistake
  if (script.ok() && errors_.empty()) {      // else what is empty may be what could not be read
    add(consolidated.warnings, slips);
  }
  resolved.merged = std::move(merged.options);
  resolved.sources = std::move(merged.sources);
  resolved.consolidated = std::move(consolidated.options);
  return resolved;
}

}  // namespace lockstep::coordinator
