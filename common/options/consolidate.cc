#include "common/options/consolidate.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/options/catalogue.h"
#include "common/options/duration.h"
#include "common/options/system_tags.h"

namespace lockstep {
namespace {

// What the shortcuts exclude, in the words of k6.
void RefuseTwoKinds(const Options& options, const OptionSources& sources,
                    std::vector<std::string>* errors) {
  const bool duration = options.duration.has_value();
  const bool iterations = options.iterations.has_value();
  const bool stages = options.stages.has_value() && !options.stages->empty();
  const bool scenarios = options.scenarios.has_value();  // even without any in it, as in k6
  const auto refuse = [&](bool both, const char* one, const char* other) {
    if (both) {
      errors->push_back(absl::StrCat(PlacesOf({one, other}, sources), "using `", one, "` and `",
                                     other, "` options simultaneously is not allowed"));
    }
  };
  refuse(iterations && stages, "iterations", "stages");
  refuse(iterations && scenarios, "iterations", "scenarios");
  refuse(duration && stages, "duration", "stages");
  refuse(duration && scenarios, "duration", "scenarios");
  refuse(stages && scenarios, "stages", "scenarios");
}

// `given`: see ScenarioConfig.
ExecutorConfig ExecutorOfShortcuts(const Options& options, const OptionSources& sources,
                                   ParsedOptions* result, StringList* given) {
  const int64_t vus = options.vus.value_or(1);
  const auto note = [given](const char* field, bool is_given) {
    if (is_given) {
      given->push_back(field);
    }
  };
  if (options.iterations.has_value()) {
    SharedIterationsConfig config{.vus = vus, .iterations = *options.iterations};
    config.max_duration = options.duration.value_or(config.max_duration);
    note("vus", options.vus.has_value());
    note("iterations", true);
    note("maxDuration", options.duration.has_value());
    return config;
  }
  if (options.duration.has_value()) {
    if (*options.duration <= absl::ZeroDuration()) {
      result->errors.push_back(
          absl::StrCat(PlacesOf({"duration"}, sources),
                       "`duration` option should be more than 0, for infinite duration use the "
                       "externally-controlled executor (duration: ",
                       DurationText(*options.duration), ")"));
    }
    note("vus", options.vus.has_value());
    return ConstantVusConfig{.vus = vus, .duration = *options.duration};
  }
  if (options.stages.has_value() && !options.stages->empty()) {
    note("startVUs", options.vus.has_value());
    return RampingVusConfig{.start_vus = vus, .stages = *options.stages};
  }
  for (const auto& [empty, name] : {std::pair(options.stages.has_value(), "stages"),
                                    std::pair(options.scenarios.has_value(), "scenarios")}) {
    if (empty) {
      result->warnings.push_back(absl::StrCat(
          "`", name, "` is empty: the test runs 1 iteration in 1 VU, as if it were not set"));
      return PerVuIterationsConfig{};
    }
  }
  if (options.vus.has_value()) {
    note("vus", true);
    note("iterations", true);
    return SharedIterationsConfig{.vus = vus, .iterations = vus};
  }
  return PerVuIterationsConfig{};
}

// k6 accepts names of system tags that do not exist, and does nothing with them.
void WarnOfUnknownTags(const Options& options, const OptionSources& sources,
                       std::vector<std::string>* warnings) {
  const auto known = SystemTagNames();
  for (const std::string& name : options.system_tags.value_or(StringList())) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      warnings->push_back(absl::StrCat(NameOf("systemTags", sources), ": there is no system tag \"",
                                       name, "\"; there are ", absl::StrJoin(known, ", ")));
    }
  }
}

// Those that k6 shows with their defaults where nobody has set them.
void FillDefaults(Options* options) {
  const RunOptions defaults;
  for (auto [option, otherwise] :
       {std::pair(&options->system_tags, &defaults.system_tags),
        std::pair(&options->summary_trend_stats, &defaults.summary_trend_stats)}) {
    if (!option->has_value()) {
      *option = *otherwise;
    }
  }
}

}  // namespace

ParsedOptions Consolidate(Options merged, const OptionSources& sources) {
  ParsedOptions result;
  RefuseTwoKinds(merged, sources, &result.errors);
  for (size_t i = 0; merged.scenarios.has_value() && i < merged.scenarios->size(); ++i) {
    (*merged.scenarios)[i].places = PlacesOf({"scenarios"}, sources);
  }
  if (!merged.scenarios.has_value() || merged.scenarios->empty()) {
    ScenarioConfig scenario;
    scenario.name = "default";
    scenario.executor = ExecutorOfShortcuts(merged, sources, &result, &scenario.given);
    scenario.places = PlacesOf({"vus", "duration", "iterations", "stages"}, sources);
    merged.scenarios = {std::move(scenario)};
  }
  std::sort(merged.scenarios->begin(), merged.scenarios->end(),
            [](const ScenarioConfig& a, const ScenarioConfig& b) {
              return std::tie(a.start_time, a.name) < std::tie(b.start_time, b.name);
            });
  merged.vus.reset();
  merged.duration.reset();
  merged.iterations.reset();
  merged.stages.reset();
  WarnOfUnknownTags(merged, sources, &result.warnings);
  FillDefaults(&merged);
  result.options = std::move(merged);
  return result;
}

RunOptions Settle(const Options& consolidated) {
  RunOptions settled;
  ForEachOption([&](const auto& row) {
    if (const auto& option = consolidated.*row.member; row.settled != nullptr && option) {
      settled.*row.settled = *option;
    }
  });
  settled.max_redirects_given = consolidated.max_redirects.has_value();
  return settled;
}

}  // namespace lockstep
