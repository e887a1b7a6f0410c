#include "coordinator/app/test_loader.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/status_macros.h"
#include "common/base/words.h"
#include "coordinator/sources/script_files.h"
#include "coordinator/sources/use_directives.h"

namespace lockstep::coordinator {

namespace {

// What is wrong with the flags, and with what they name.
absl::Status Along(const OptionTiers& tiers, const std::vector<absl::Status>& failures) {
  std::vector<std::string> errors = tiers.errors();
  for (const absl::Status& failure : failures) {
    errors.emplace_back(failure.message());
  }
  return absl::Status(
      tiers.usage() ? absl::StatusCode::kFailedPrecondition : failures.front().code(),
      absl::StrJoin(errors, "\n"));
}

}  // namespace

absl::StatusOr<TestFiles> ReadTest(const TestSettings& settings, const Environment& environment,
                                   absl::FunctionRef<MoreMistakes> more) {
  TestFiles files;
  files.tiers = OptionTiers::Load(settings, environment);
  absl::StatusOr<LoadedScript> script = LoadScript(settings.script, settings.type);
  absl::StatusOr<std::optional<LockFile>> lock =
      ReadLockFile(settings.modules.locked ? settings.modules.locked_source : "");
  absl::StatusOr<std::vector<SecretSource>> secrets =
      ReadSecretSources(settings.secret_sources, environment);
  std::vector<absl::Status> failures;
  for (const absl::Status& status : {script.status(), lock.status(), secrets.status()}) {
    if (!status.ok()) {
      failures.push_back(status);
    }
  }
  files.tiers.AddErrors(more(files.tiers, !failures.empty()));
  if (!failures.empty()) {
    return Along(files.tiers, failures);
  }
  files.lock = *std::move(lock);
  files.secrets = *std::move(secrets);
  files.trust = HttpTrust::Of(environment);
  files.script = std::move(script->source);
  files.archive = std::move(script->archive);
  files.script.base_mode = settings.base_mode.value_or(files.script.base_mode);
  for (const UnknownVariable& unknown : settings.unknown_variables) {
    if (!HasWord(files.script.text, unknown.name)) {
      files.warnings.push_back(
          absl::StrCat(unknown.name, " is not read by lockstep, and the script does not name it",
                       unknown.meant));
    }
  }
  files.script_env = settings.env;
  if (settings.include_system_env_vars) {
    files.script_env.insert(environment.begin(), environment.end());
  }
  if (files.archive.has_value()) {
    files.script_env.insert(files.archive->env.begin(), files.archive->env.end());
  }
  return files;
}

TestLoader::TestLoader(Parts parts, const RunSettingsFlags& flags, bool no_color, OnTest on_test)
    : files_(parts.files),
      modules_(parts.modules),
      secrets_(parts.secrets),
      flags_(flags),
      no_color_(no_color),
      results_(parts.results),
      logger_(parts.logger),
      on_test_(std::move(on_test)) {}

void TestLoader::Fetch(const std::string& url,
                       absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  if (const std::optional<SecretName> secret = ParseSecretUrl(url); secret.has_value()) {
    secrets_.Get(*secret, std::move(done));
  } else if (files_.archive.has_value()) {
    const std::string* const found = files_.archive->Find(url);
    done(found == nullptr
             ? absl::StatusOr<std::string>(absl::NotFoundError("it is not in the test's archive"))
             : *found);
  } else if (IsFileUrl(url)) {
    fetched_.insert(url);
    done(ReadFileUrl(url));
  } else {
    modules_.Fetch(url, std::move(done));
  }
}

std::optional<std::string> TestLoader::SourceOf(const std::string& url) const {
  if (url == files_.script.main_url) {
    return files_.script.text;
  }
  // A message can name any file; those of the script are its users' anyway.
  absl::StatusOr<std::string> text =
      fetched_.contains(url) ? ReadFileUrl(url) : absl::NotFoundError("");
  return text.ok() ? std::optional(*std::move(text)) : std::nullopt;
}

absl::StatusOr<TestPlan> TestLoader::MakePlan(const v1::Inspected& inspected) {
  asked_ = true;
  if (inspected.exports().empty()) {
    std::vector<std::string> errors = files_.tiers.errors();
    errors.emplace_back("no exported functions in script");
    return absl::FailedPreconditionError(absl::StrJoin(errors, "\n"));
  }
  LOCKSTEP_RETURN_IF_ERROR(modules_.Close());
  // Those of an archive are what the test ended up with where it was made.
  ResolvedOptions resolved = files_.tiers.Resolve(
      files_.archive.has_value() ? files_.archive->options_json : inspected.options_json(),
      {inspected.exports().begin(), inspected.exports().end()});
  HideSecretsIn(secrets_.redactor(), &resolved.run);
  const UseDirectives uses = ReadUseDirectives(files_.script.text);
  resolved.errors.insert(resolved.errors.end(), uses.errors.begin(), uses.errors.end());
  resolved.warnings.insert(resolved.warnings.end(), uses.warnings.begin(), uses.warnings.end());
  if (const absl::Status configured = ConfigureResults(resolved, inspected); !configured.ok()) {
    const std::string place = PlacesOf({"thresholds"}, resolved.sources);
    for (absl::string_view error : absl::StrSplit(configured.message(), '\n')) {
      resolved.errors.push_back(absl::StrCat(place, error));
    }
  }
  if (const absl::Status refusal = files_.tiers.Refusal(resolved.errors); !refusal.ok()) {
    TellOf(resolved.warnings);  // what is unknown may be the cause
    return refusal;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(test_, PlanTest(std::move(resolved), inspected, flags_));
  TellOf(test_->options.warnings);
  LOCKSTEP_RETURN_IF_ERROR(on_test_(*test_));
  return test_->plan;
}

void TestLoader::TellOf(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    logger_.Warn(warning);
  }
}

absl::Status TestLoader::ConfigureResults(const ResolvedOptions& resolved,
                                          const v1::Inspected& inspected) {
  Results::Setup setup = ResultsSetupOf(resolved.run, resolved.merged.http_errors.has_value(),
                                        inspected, flags_, no_color_);
  if (flags_.new_machine_readable_summary) {
    setup.machine_readable = std::string(absl::StripPrefix(files_.script.main_url, "file://"));
  }
  return results_.Configure(std::move(setup));
}

void HideSecretsIn(const Redactor& redactor, RunOptions* options) {
  if (redactor.empty()) {
    return;
  }
  for (auto& [key, value] : options->tags) {
    redactor.Redact(&value);
  }
  std::map<std::string, std::vector<ThresholdConfig>> thresholds;
  for (auto& [key, configs] : options->thresholds) {
    std::vector<ThresholdConfig>& all = thresholds[redactor.Redacted(key)];
    all.insert(all.end(), configs.begin(), configs.end());
  }
  options->thresholds = std::move(thresholds);
}

Results::Setup ResultsSetupOf(const RunOptions& options, bool http_errors,
                              const v1::Inspected& inspected, const RunSettingsFlags& flags,
                              bool no_color) {
  Results::Setup setup;
  setup.custom_metrics.assign(inspected.custom_metrics().begin(), inspected.custom_metrics().end());
  if (!flags.no_thresholds) {
    setup.thresholds = options.thresholds;
  }
  setup.breakdown_tags = BreakdownTags(flags.summary_mode);
  for (const auto& [key, value] : options.tags) {
    setup.tags.emplace_back(key, value);
  }
  setup.summary.http_errors = http_errors;
  std::vector<std::string>& stats = setup.summary.trend_stats;
  stats.clear();
  for (const std::string& stat : options.summary_trend_stats) {
    if (std::find(stats.begin(), stats.end(), stat) == stats.end()) {
      stats.push_back(stat);  // one column, however often it is wanted
    }
  }
  for (const ScenarioConfig& scenario : options.scenarios) {
    setup.summary.scenarios.push_back(scenario.name);
  }
  setup.summary.time_unit = options.summary_time_unit;
  setup.environment.no_color = no_color;
  setup.environment.stdout_is_tty = isatty(STDOUT_FILENO) != 0;
  setup.environment.stderr_is_tty = isatty(STDERR_FILENO) != 0;
  return setup;
}

}  // namespace lockstep::coordinator
