#include "agent/vu/vu_samples.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "agent/vu/sample_tags.h"

namespace lockstep::agent {

void VuSamples::Enter(const ScenarioConfig* scenario) {
  scenario_ = scenario;
  tags_ = SampleTags(parts_.sink, parts_.options, parts_.system_tags, scenario, parts_.vu_in_test);
}

void VuSamples::SetGroup(std::string path) {
  if (tags_ == grouped_ && path == group_) {
    return;  // as nearly always where an iteration begins and ends
  }
  group_ = std::move(path);
  if (parts_.system_tags.Has(SystemTag::kGroup)) {
    tags_ = parts_.sink.tags().With(tags_, SystemTagName(SystemTag::kGroup), group_);
  }
  grouped_ = tags_;
}

MonoTime VuSamples::BeginIteration(int64_t number, MonoTime intended) {
  SetGroup("");
  if (parts_.system_tags.Has(SystemTag::kIter) && parts_.sink.keeps_points()) {
    tags_ = parts_.sink.tags().With(tags_, MetadataKey(SystemTagName(SystemTag::kIter)),
                                    absl::StrCat(number));
  }
  const MonoTime began = parts_.clock.Mono();
  NoteLateness(intended, began);
  return began;
}

void VuSamples::NoteLateness(MonoTime intended, MonoTime began) {
  lateness_.reset();
  if (intended == MonoTime() || !parts_.options.intended_latency) {
    return;
  }
  lateness_ = std::max(began - intended, absl::ZeroDuration());
  parts_.sink.Add(BuiltinMetric(builtin::kIterationLateness), tags_,
                  absl::ToDoubleMilliseconds(*lateness_), parts_.clock.Wall());
}

std::optional<absl::Duration> VuSamples::TakeLateness() {
  return lateness_.has_value() ? std::make_optional(std::exchange(*lateness_, absl::ZeroDuration()))
                               : std::nullopt;
}

void VuSamples::EndIteration() {
  lateness_.reset();
  SetGroup("");
}

void VuSamples::EmitIteration(absl::Duration duration) {
  const absl::Time now = parts_.clock.Wall();
  const MetricValue values[] = {
      {BuiltinMetric(builtin::kIterationDuration), absl::ToDoubleMilliseconds(duration)},
      {BuiltinMetric(builtin::kIterations), 1},
  };
  parts_.sink.AddMany(tags_, now, values);
  EmitData(now);
}

void VuSamples::EmitDurationOf(const std::string& path, absl::Duration duration) {
  SetGroup(path);
  parts_.sink.Add(BuiltinMetric(builtin::kIterationDuration), tags_,
                  absl::ToDoubleMilliseconds(duration), parts_.clock.Wall());
}

void VuSamples::EmitData(absl::Time now) {
  const MetricValue values[] = {
      {BuiltinMetric(builtin::kDataSent), static_cast<double>(std::exchange(bytes_sent_, 0))},
      {BuiltinMetric(builtin::kDataReceived),
       static_cast<double>(std::exchange(bytes_received_, 0))},
  };
  parts_.sink.AddMany(tags_, now, values);
}

void VuSamples::CountEnded(int64_t EndedIterations::*how) {
  parts_.sink.CountEnded(scenario_->name, how, 1);
}

}  // namespace lockstep::agent
