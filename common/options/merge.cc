#include "absl/strings/str_cat.h"

#include "common/options/catalogue.h"
#include "common/options/tiers.h"

namespace lockstep {
namespace {

bool SetsLength(const Options& options) {
  return options.duration.has_value() || options.iterations.has_value() ||
         options.stages.has_value() || options.scenarios.has_value();
}

// What `tier` sets of the execution family makes way for it in `merged`.
void WipeExecution(const OptionsTier& tier, ParsedOptions* merged) {
  const Options& from = tier.options;
  Options& to = merged->options;
  if (SetsLength(from)) {
    if (to.scenarios.has_value() && !to.scenarios->empty() && !from.scenarios.has_value()) {
      merged->warnings.push_back(absl::StrCat(
          "\"", tier.name, "\" level configuration overrode scenarios configuration entirely"));
    }
    to.duration.reset();
    to.iterations.reset();
    to.stages.reset();
    to.scenarios.reset();
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
  for (const OptionsTier& tier : tiers) {
    WipeExecution(tier, &merged);
    ForEachOption([&](const auto& row) {
      if ((tier.options.*row.member).has_value()) {
        merged.options.*row.member = tier.options.*row.member;
      }
    });
    LetVusOverride(tier.options, &merged);
  }
  return merged;
}

}  // namespace lockstep
