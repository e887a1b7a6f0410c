#include "agent/vu/sample_tags.h"

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

TagSet SampleTags(SampleSink& sink, const RunOptions& options, const SystemTags& system_tags,
                  const ScenarioConfig* scenario, std::optional<int64_t> vu_id_in_test) {
  TagSetTable& table = sink.tags();
  TagSet tags = kEmptyTagSet;
  for (const auto& [name, value] : options.tags) {
    tags = table.With(tags, name, value);
  }
  if (scenario != nullptr) {
    for (const auto& [name, value] : scenario->tags) {
      tags = table.With(tags, name, value);
    }
    if (system_tags.Has(SystemTag::kScenario)) {
      tags = table.With(tags, SystemTagName(SystemTag::kScenario), scenario->name);
    }
  }
  if (vu_id_in_test.has_value() && system_tags.Has(SystemTag::kVu) && sink.keeps_points()) {
    tags =
        table.With(tags, MetadataKey(SystemTagName(SystemTag::kVu)), absl::StrCat(*vu_id_in_test));
  }
  return tags;
}

}  // namespace lockstep::agent
