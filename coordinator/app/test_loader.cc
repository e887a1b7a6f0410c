#include "coordinator/app/test_loader.h"

#include <utility>
#include <vector>

#include <unistd.h>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"
#include "coordinator/app/script_files.h"

namespace lockstep::coordinator {

absl::StatusOr<TestFiles> ReadTest(const TestSettings& settings, const Environment& environment) {
  TestFiles files;
  files.tiers = OptionTiers::Load(settings, environment);
  absl::StatusOr<ScriptSource> script = LoadScript(settings.script);
  if (!script.ok()) {
    std::vector<std::string> errors = files.tiers.errors();
    errors.emplace_back(script.status().message());
    return absl::NotFoundError(absl::StrJoin(errors, "\n"));
  }
  files.script = *std::move(script);
  files.script_env = settings.env;
  if (settings.include_system_env_vars) {
    files.script_env.insert(environment.begin(), environment.end());
  }
  return files;
}

TestLoader::TestLoader(const TestFiles& files, const RunSettingsFlags& flags, bool no_color,
                       Results& results, Logger& logger, OnTest on_test)
    : files_(files),
      flags_(flags),
      no_color_(no_color),
      results_(results),
      logger_(logger),
      on_test_(std::move(on_test)) {}

void TestLoader::Fetch(const std::string& url,
                       absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  fetched_.insert(url);
  done(ReadFileUrl(url));
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
  ResolvedOptions resolved = files_.tiers.Resolve(
      inspected.options_json(), {inspected.exports().begin(), inspected.exports().end()});
  if (const absl::Status configured = ConfigureResults(resolved, inspected); !configured.ok()) {
    for (absl::string_view error : absl::StrSplit(configured.message(), '\n')) {
      resolved.errors.emplace_back(error);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(files_.tiers.Refusal(resolved.errors));
  LOCKSTEP_ASSIGN_OR_RETURN(
      test_, PlanTest(std::move(resolved), inspected, flags_.agents, flags_.partition));
  for (const std::string& warning : test_->options.warnings) {
    logger_.Warn(warning);
  }
  LOCKSTEP_RETURN_IF_ERROR(on_test_(*test_));
  return test_->plan;
}

absl::Status TestLoader::ConfigureResults(const ResolvedOptions& resolved,
                                          const v1::Inspected& inspected) {
  const RunOptions& options = resolved.run;
  Results::Setup setup;
  setup.custom_metrics.assign(inspected.custom_metrics().begin(), inspected.custom_metrics().end());
  if (!flags_.no_thresholds) {
    setup.thresholds = options.thresholds;
  }
  setup.breakdown_tags = BreakdownTags(flags_.summary_mode);
  for (const auto& [key, value] : options.tags) {
    setup.tags.emplace_back(key, value);
  }
  setup.summary.http_errors = resolved.merged.http_errors.has_value();
  setup.summary.trend_stats = options.summary_trend_stats;
  for (const ScenarioConfig& scenario : options.scenarios) {
    setup.summary.scenarios.push_back(scenario.name);
  }
  setup.summary.time_unit = options.summary_time_unit;
  setup.environment.no_color = no_color_;
  setup.environment.stdout_is_tty = isatty(STDOUT_FILENO) != 0;
  setup.environment.stderr_is_tty = isatty(STDERR_FILENO) != 0;
  return results_.Configure(std::move(setup));
}

}  // namespace lockstep::coordinator
