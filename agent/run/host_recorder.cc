#include "agent/run/host_recorder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

bool Contains(const std::vector<std::string>& list, const char* name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

void HostRecorder::BeginRun(const v1::Assign& assign, const Options& options) {
  Accumulator::Config config;
  config.keep_points = assign.keep_points();
  workers_.configure(config);
  own_ = std::make_unique<Accumulator>(config);
  sealed_until_ = clock_.Wall();
  TagSetId test_tags = kEmptyTagSet;
  for (const auto& [key, value] : options.tags.value_or(std::map<std::string, std::string>())) {
    test_tags = own_->tags().With(test_tags, key, value);
  }
  // k6's defaults have `scenario` and lack `vu`.
  const std::vector<std::string> system_tags =
      options.system_tags.value_or(std::vector<std::string>{"scenario"});
  tag_vus_ = Contains(system_tags, "vu");
  scenario_tags_.clear();
  for (const ScenarioConfig& scenario : options.scenarios.value_or(std::vector<ScenarioConfig>())) {
    TagSetId tags = test_tags;
    for (const auto& [key, value] : scenario.tags) {
      tags = own_->tags().With(tags, key, value);
    }
    if (Contains(system_tags, "scenario")) {
      tags = own_->tags().With(tags, "scenario", scenario.name);
    }
    scenario_tags_.push_back(tags);
  }
}

void HostRecorder::AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_instance) {
  TagSetId tags = scenario_tags_.at(scenario);
  if (tag_vus_ && vu_id_in_instance > 0) {
    tags = own_->tags().With(tags, "vu", absl::StrCat(vu_id_in_instance));
  }
  own_->Add(BuiltinMetric(builtin::kDroppedIterations), tags, static_cast<double>(count),
            clock_.Wall());
}

void HostRecorder::Seal(uint64_t number, absl::AnyInvocable<void(std::string batch)> done) {
  workers_.seal([this, number, done = std::move(done)](std::vector<Batch> batches) mutable {
    BatchBuilder builder;
    for (Batch& batch : batches) {
      builder.Add(std::move(batch));
    }
    builder.Add(own_->Seal());
    absl::Time now = clock_.Wall();
    Batch batch = builder.Build(number, std::exchange(sealed_until_, now), now);
    done(batch.empty() ? "" : EncodeBatch(batch));
  });
}

}  // namespace lockstep::agent
