#include "common/options/check_scenario.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/options/duration.h"

namespace lockstep {
namespace {

constexpr absl::Duration kShortest = absl::Seconds(1);

// What is wrong with one scenario so far. Of a field that is missing or could not be read, nothing
// else is said.
class Mistakes {
 public:
  explicit Mistakes(const ScenarioConfig& scenario) : known_(scenario.unread) {
    for (const MissingField& field : scenario.missing) {
      if (!IsKnown(field.key)) {
        texts_.push_back(field.text);
        known_.push_back(field.key);
      }
    }
  }

  // `text` is about `fields`, and names them.
  void Add(std::initializer_list<absl::string_view> fields, std::string text) {
    if (std::none_of(fields.begin(), fields.end(),
                     [this](absl::string_view field) { return IsKnown(field); })) {
      texts_.push_back(std::move(text));
    }
  }
  // `text` is about the value at `key`, which is that of `field` or of a part of it.
  template <class Value>
  void Add(absl::string_view field, absl::string_view key, const Value& value,
           absl::string_view text) {
    if constexpr (std::is_same_v<Value, absl::Duration>) {
      Add({field}, absl::StrCat(text, " (", key, ": ", DurationText(value), ")"));
    } else {
      Add({field}, absl::StrCat(text, " (", key, ": ", value, ")"));
    }
  }
  template <class Value>
  void Add(absl::string_view field, const Value& value, absl::string_view text) {
    Add(field, field, value, text);
  }
  std::vector<std::string> Take() { return std::move(texts_); }

 private:
  bool IsKnown(absl::string_view field) const {
    return std::find(known_.begin(), known_.end(), field) != known_.end();
  }
  std::vector<std::string> known_;  // fields of which everything is said
  std::vector<std::string> texts_;
};

void CheckVus(int64_t vus, Mistakes* mistakes) {
  if (vus <= 0) {
    mistakes->Add("vus", vus, "the number of VUs must be more than 0");
  } else if (vus > kMostVus) {
    mistakes->Add("vus", vus, absl::StrCat("the number of VUs exceeds max limit of ", kMostVus));
  }
}

void CheckAtLeastOneSecond(absl::string_view field, absl::Duration duration, Mistakes* mistakes) {
  if (duration < kShortest) {
    mistakes->Add({field}, absl::StrCat("the ", field, " must be at least 1s, but is ",
                                        DurationText(duration)));
  }
}

void CheckStages(const std::vector<Stage>& stages, Mistakes* mistakes) {
  if (stages.empty()) {
    mistakes->Add({"stages"}, "at least one stage has to be specified");
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    const auto key = [i](const char* field) { return absl::StrCat("stages[", i, "].", field); };
    if (!stage.duration.has_value()) {
      mistakes->Add({"stages"}, absl::StrCat("stage ", i + 1, " doesn't have a duration"));
    } else if (*stage.duration < absl::ZeroDuration()) {
      mistakes->Add("stages", key("duration"), *stage.duration,
                    absl::StrCat("the duration for stage ", i + 1, " can't be negative"));
    }
    if (!stage.target.has_value()) {
      mistakes->Add({"stages"}, absl::StrCat("stage ", i + 1, " doesn't have a target"));
    } else if (*stage.target < 0) {
      mistakes->Add("stages", key("target"), *stage.target,
                    absl::StrCat("the target for stage ", i + 1, " can't be negative"));
    } else if (*stage.target > kMostVus) {
      mistakes->Add("stages", key("target"), *stage.target,
                    absl::StrCat("target for stage ", i + 1, " exceeds max limit of ", kMostVus));
    }
  }
}

template <class ArrivalRateConfig>
void CheckArrivalVus(const ArrivalRateConfig& config, Mistakes* mistakes) {
  if (config.time_unit <= absl::ZeroDuration()) {
    mistakes->Add("timeUnit", config.time_unit, "the timeUnit must be more than 0");
  }
  if (config.pre_allocated_vus < 0) {
    mistakes->Add("preAllocatedVUs", config.pre_allocated_vus,
                  "the number of preAllocatedVUs can't be negative");
  }
  if (config.max_vus < config.pre_allocated_vus) {
    mistakes->Add(
        {"maxVUs", "preAllocatedVUs"},
        absl::StrCat("maxVUs can't be less than preAllocatedVUs (maxVUs: ", config.max_vus,
                     ", preAllocatedVUs: ", config.pre_allocated_vus, ")"));
  } else if (config.max_vus > kMostVus) {
    mistakes->Add("maxVUs", config.max_vus, absl::StrCat("maxVUs exceeds max limit of ", kMostVus));
  }
}

struct ExecutorCheck {
  Mistakes* mistakes;

  void operator()(const SharedIterationsConfig& config) const {
    CheckVus(config.vus, mistakes);
    if (config.iterations < config.vus) {
      mistakes->Add({"iterations", "vus"},
                    absl::StrCat("the number of iterations (", config.iterations,
                                 ") can't be less than the number of VUs (", config.vus, ")"));
    }
    CheckAtLeastOneSecond("maxDuration", config.max_duration, mistakes);
  }
  void operator()(const PerVuIterationsConfig& config) const {
    CheckVus(config.vus, mistakes);
    if (config.iterations <= 0) {
      mistakes->Add("iterations", config.iterations,
                    "the number of iterations must be more than 0");
    }
    CheckAtLeastOneSecond("maxDuration", config.max_duration, mistakes);
  }
  void operator()(const ConstantVusConfig& config) const {
    CheckVus(config.vus, mistakes);
    CheckAtLeastOneSecond("duration", config.duration, mistakes);
  }
  void operator()(const RampingVusConfig& config) const {
    if (config.start_vus < 0) {
      mistakes->Add("startVUs", config.start_vus, "the number of start VUs can't be negative");
    } else if (config.start_vus > kMostVus) {
      mistakes->Add("startVUs", config.start_vus,
                    absl::StrCat("the startVUs exceed max limit of ", kMostVus));
    }
    const bool any = config.start_vus > 0 ||
                     std::any_of(config.stages.begin(), config.stages.end(),
                                 [](const Stage& stage) { return stage.target.value_or(0) > 0; });
    if (!any) {
      mistakes->Add({"startVUs", "stages"},
                    "either startVUs or one of the stages' target values must be greater than 0");
    }
    CheckStages(config.stages, mistakes);
    if (config.graceful_ramp_down < absl::ZeroDuration()) {
      mistakes->Add("gracefulRampDown", config.graceful_ramp_down,
                    "the gracefulRampDown timeout can't be negative");
    }
  }
  void operator()(const ConstantArrivalRateConfig& config) const {
    if (config.rate <= 0) {
      mistakes->Add("rate", config.rate, "the iteration rate must be more than 0");
    }
    CheckAtLeastOneSecond("duration", config.duration, mistakes);
    CheckArrivalVus(config, mistakes);
  }
  void operator()(const RampingArrivalRateConfig& config) const {
    if (config.start_rate < 0) {
      mistakes->Add("startRate", config.start_rate, "the startRate value can't be negative");
    }
    CheckStages(config.stages, mistakes);
    CheckArrivalVus(config, mistakes);
  }
  void operator()(const ExternallyControlledConfig& config) const {
    if (config.vus < 0) {
      mistakes->Add("vus", config.vus, "the number of VUs can't be negative");
    }
    if (config.max_vus < config.vus) {
      mistakes->Add({"maxVUs", "vus"},
                    absl::StrCat("maxVUs (", config.max_vus,
                                 ") can't be less than the number of VUs (", config.vus, ")"));
    }
    if (config.max_vus > kMostVus) {
      mistakes->Add("maxVUs", config.max_vus,
                    absl::StrCat("maxVUs exceeds max limit of ", kMostVus));
    }
    if (config.duration < absl::ZeroDuration()) {
      mistakes->Add("duration", config.duration, "the duration can't be negative");
    }
  }
};

void CheckName(const std::string& name, Mistakes* mistakes) {
  if (name.empty()) {
    mistakes->Add({}, "scenario name can't be empty");
  }
  if (!std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
      })) {
    mistakes->Add(
        {},
        "the scenario name should contain only numbers, latin letters, underscores, and dashes");
  }
}

}  // namespace

std::vector<std::string> ScenarioMistakes(const ScenarioConfig& scenario) {
  Mistakes mistakes(scenario);
  CheckName(scenario.name, &mistakes);
  if (scenario.exec.empty()) {
    mistakes.Add({"exec"}, "exec value cannot be empty");
  }
  if (scenario.start_time < absl::ZeroDuration()) {
    mistakes.Add("startTime", scenario.start_time, "the startTime can't be negative");
  }
  if (scenario.graceful_stop < absl::ZeroDuration()) {
    mistakes.Add("gracefulStop", scenario.graceful_stop,
                 "the gracefulStop timeout can't be negative");
  }
  std::visit(ExecutorCheck{&mistakes}, scenario.executor);
  return mistakes.Take();
}

}  // namespace lockstep
