// Tiers over one another: what a higher one sets takes the place of what is below.
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

#include "common/options/catalogue.h"
#include "common/options/tiers.h"

namespace lockstep {
namespace {

bool SetsLength(const Options& options) {
  return options.duration.has_value() || options.iterations.has_value() ||
         options.stages.has_value() || options.scenarios.has_value();
}

// Which tier has set the shortcuts that are in force, for warnings.
struct ShortcutSources {
  std::string duration, iterations, stages;
};

template <class T>
void Wipe(absl::string_view key, const OptionsTier& tier, const std::optional<T>& from,
          const std::string& source, std::optional<T>* to, ParsedOptions* merged) {
  if (to->has_value() && !from.has_value()) {
    merged->warnings.push_back(absl::StrCat("\"", tier.name,
                                            "\" level configuration overrode the `", key, "` of \"",
                                            source, "\" entirely"));
  }
  to->reset();
}

// What `tier` sets of the execution family makes way for it in `merged`.
void WipeExecution(const OptionsTier& tier, const ShortcutSources& sources, ParsedOptions* merged) {
  const Options& from = tier.options;
  Options& to = merged->options;
  if (!SetsLength(from)) {
    return;
  }
  if (to.scenarios.has_value() && !to.scenarios->empty() && !from.scenarios.has_value()) {
    merged->warnings.push_back(absl::StrCat(
        "\"", tier.name, "\" level configuration overrode scenarios configuration entirely"));
  }
  to.scenarios.reset();
  Wipe("duration", tier, from.duration, sources.duration, &to.duration, merged);
  Wipe("iterations", tier, from.iterations, sources.iterations, &to.iterations, merged);
  Wipe("stages", tier, from.stages, sources.stages, &to.stages, merged);
}

void NoteSources(const OptionsTier& tier, ShortcutSources* sources) {
  if (tier.options.duration.has_value()) {
    sources->duration = tier.name;
  }
  if (tier.options.iterations.has_value()) {
    sources->iterations = tier.name;
  }
  if (tier.options.stages.has_value()) {
    sources->stages = tier.name;
  }
}

// As in k6, a number of VUs wins over scenarios of its own tier and of lower ones. Beside another
// shortcut scenarios are an error, which is for Consolidate to tell.
void LetVusOverride(const Options& tier, ParsedOptions* merged) {
  Options& to = merged->options;
  if (tier.vus.has_value() && to.scenarios.has_value() && !to.scenarios->empty() &&
      !to.duration.has_value() && !to.iterations.has_value() && !to.stages.has_value()) {
    merged->warnings.push_back(
        absl::StrCat("`vus=", *tier.vus, "` overrides scenarios configuration"));
    to.scenarios.reset();
  }
}

}  // namespace

ParsedOptions MergeTiers(const std::vector<OptionsTier>& tiers) {
  ParsedOptions merged;
  ShortcutSources sources;
  for (const OptionsTier& tier : tiers) {
    WipeExecution(tier, sources, &merged);
    NoteSources(tier, &sources);
    ForEachOption([&](const auto& row) {
      if ((tier.options.*row.member).has_value()) {
        merged.options.*row.member = tier.options.*row.member;
        merged.sources[std::string(row.key)] = NameOf(row.key, tier.sources);
      }
    });
    LetVusOverride(tier.options, &merged);
  }
  return merged;
}

}  // namespace lockstep
