#include "common/options/parse_scenario.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/nearest.h"

namespace lockstep {
namespace {

struct OldName {
  absl::string_view old_name;
  absl::string_view name;
};
constexpr OldName kOldNames[] = {{"constant-looping-vus", "constant-vus"},
                                 {"variable-looping-vus", "ramping-vus"},
                                 {"variable-arrival-rate", "ramping-arrival-rate"},
                                 {"manual-execution", "externally-controlled"}};

absl::string_view NameOfToday(absl::string_view type) {
  for (const OldName& pair : kOldNames) {
    if (type == pair.old_name) {
      return pair.name;
    }
  }
  return type;
}

// Reads the fields of one scenario; each field asked for counts as known.
class ScenarioReader {
 public:
  ScenarioReader(const ValueReader& reader, ScenarioConfig* scenario)
      : reader_(reader), scenario_(*scenario) {}

  bool Int(const std::string& key, int64_t* target) {
    if (const nlohmann::json* given = reader_.Find(key); given != nullptr && IsEmptyText(*given)) {
      known_.push_back(key);
      return false;
    }
    return Read(key, target, [](const ValueReader& r) { return r.Int(); });
  }
  bool Duration(const std::string& key, absl::Duration* target) {
    return Read(key, target, [](const ValueReader& r) { return r.Duration(); });
  }
  bool String(const std::string& key, std::string* target) {
    return Read(key, target, [](const ValueReader& r) { return r.String(); });
  }
  bool Stages(const std::string& key, std::vector<Stage>* target) {
    return Read(key, target, ReadStages);
  }
  void Pairs(const std::string& key, std::vector<std::pair<std::string, std::string>>* target) {
    std::map<std::string, std::string> map;
    if (Read(key, &map, [](const ValueReader& r) { return r.StringMap(); })) {
      target->assign(map.begin(), map.end());
    }
  }
  void Ignore(const std::string& key) { known_.push_back(key); }
  void Problem(std::string text) { scenario_.problems.push_back(std::move(text)); }
  void RefuseUnknown() const {
    reader_.RefuseUnknown(std::vector<absl::string_view>(known_.begin(), known_.end()));
  }

 private:
  // True if the scenario has the field, readable or not: an error is noted then, and nothing is
  // missing.
  template <class T, class F>
  bool Read(const std::string& key, T* target, F read) {
    known_.push_back(key);
    if (reader_.Find(key) == nullptr) {
      return false;
    }
    const size_t errors = reader_.errors()->size();
    if (auto value = read(reader_.Member(key)); value.has_value()) {
      *target = *std::move(value);
      scenario_.given.push_back(key);
    }
    if (reader_.errors()->size() > errors) {
      scenario_.unread.push_back(key);
    }
    return true;
  }
  const ValueReader& reader_;
  ScenarioConfig& scenario_;
  std::vector<std::string> known_;
};

template <class Iterations>
ExecutorConfig ReadIterations(ScenarioReader& reader) {
  Iterations config;
  reader.Int("vus", &config.vus);
  reader.Int("iterations", &config.iterations);
  reader.Duration("maxDuration", &config.max_duration);
  return config;
}

ExecutorConfig ReadConstantVus(ScenarioReader& reader) {
  ConstantVusConfig config;
  reader.Int("vus", &config.vus);
  if (!reader.Duration("duration", &config.duration)) {
    reader.Problem("the duration is unspecified");
  }
  return config;
}

ExecutorConfig ReadRampingVus(ScenarioReader& reader) {
  RampingVusConfig config;
  reader.Int("startVUs", &config.start_vus);
  reader.Stages("stages", &config.stages);
  reader.Duration("gracefulRampDown", &config.graceful_ramp_down);
  return config;
}

template <class Config>
void ReadArrivalVus(ScenarioReader& reader, Config* config) {
  reader.Duration("timeUnit", &config->time_unit);
  if (!reader.Int("preAllocatedVUs", &config->pre_allocated_vus)) {
    reader.Problem("the number of preAllocatedVUs isn't specified");
  }
  if (!reader.Int("maxVUs", &config->max_vus)) {
    config->max_vus = config->pre_allocated_vus;
  }
}

ExecutorConfig ReadConstantArrivalRate(ScenarioReader& reader) {
  ConstantArrivalRateConfig config;
  if (!reader.Int("rate", &config.rate)) {
    reader.Problem("the iteration rate isn't specified");
  }
  if (!reader.Duration("duration", &config.duration)) {
    reader.Problem("the duration is unspecified");
  }
  ReadArrivalVus(reader, &config);
  return config;
}

ExecutorConfig ReadRampingArrivalRate(ScenarioReader& reader) {
  RampingArrivalRateConfig config;
  reader.Int("startRate", &config.start_rate);
  reader.Stages("stages", &config.stages);
  ReadArrivalVus(reader, &config);
  return config;
}

ExecutorConfig ReadExternallyControlled(ScenarioReader& reader) {
  ExternallyControlledConfig config;
  reader.Int("vus", &config.vus);
  if (!reader.Int("maxVUs", &config.max_vus)) {
    config.max_vus = config.vus;
  }
  if (!reader.Duration("duration", &config.duration)) {
    reader.Problem("the duration is unspecified, for infinite duration use 0");
  }
  return config;
}

struct ExecutorReader {
  absl::string_view type;
  ExecutorConfig (*read)(ScenarioReader&);
};
constexpr ExecutorReader kExecutors[] = {
    {"shared-iterations", ReadIterations<SharedIterationsConfig>},
    {"per-vu-iterations", ReadIterations<PerVuIterationsConfig>},
    {"constant-vus", ReadConstantVus},
    {"ramping-vus", ReadRampingVus},
    {"constant-arrival-rate", ReadConstantArrivalRate},
    {"ramping-arrival-rate", ReadRampingArrivalRate},
    {"externally-controlled", ReadExternallyControlled}};

const ExecutorReader* FindExecutor(absl::string_view type) {
  for (const ExecutorReader& executor : kExecutors) {
    if (executor.type == NameOfToday(type)) {
      return &executor;
    }
  }
  return nullptr;
}

// The executor's name, under either key. Empty after noting an error.
std::string ReadType(const ValueReader& reader, const std::string& name) {
  const nlohmann::json* executor = reader.Find("executor");
  const nlohmann::json* type = reader.Find("type");
  if (executor != nullptr && type != nullptr && *executor != *type) {
    reader.Fail("`executor` and `type` name different executors; give one of them");
    return "";
  }
  const nlohmann::json* given = executor != nullptr ? executor : type;
  if (given == nullptr || IsEmptyText(*given)) {
    reader.errors()->push_back(
        absl::StrCat("scenario '", name, "' doesn't have a specified executor type"));
    return "";
  }
  return reader.Member(executor != nullptr ? "executor" : "type").String().value_or("");
}

std::vector<std::string> KnownExecutors() {
  std::vector<std::string> types;
  for (const ExecutorReader& executor : kExecutors) {
    types.emplace_back(executor.type);
  }
  return types;
}

// False if it is not even known what kind of scenario it is.
bool ReadScenario(const ValueReader& reader, ScenarioConfig* scenario) {
  if (!reader.RequireObject()) {
    return false;
  }
  const std::string type = ReadType(reader, scenario->name);
  if (type.empty()) {
    return false;
  }
  const ExecutorReader* executor = FindExecutor(type);
  if (executor == nullptr) {
    reader.Fail(
        absl::StrCat("unknown executor type '", type, "'", MeantOrAllowed(type, KnownExecutors())));
    return false;
  }
  ScenarioReader fields(reader, scenario);
  fields.Ignore("executor");
  fields.Ignore("type");
  fields.Duration("startTime", &scenario->start_time);
  if (executor->type == "externally-controlled") {
    scenario->graceful_stop = absl::ZeroDuration();
  }
  fields.Duration("gracefulStop", &scenario->graceful_stop);
  fields.String("exec", &scenario->exec);
  fields.Pairs("env", &scenario->env);
  fields.Pairs("tags", &scenario->tags);
  // Of the browser module, which does not exist here; without it the rest means nothing.
  fields.Ignore("options");
  scenario->executor = executor->read(fields);
  fields.RefuseUnknown();
  return true;
}

std::optional<Stage> ReadStage(const ValueReader& reader) {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  Stage stage;
  if (reader.Find("duration") != nullptr) {
    stage.duration = reader.Member("duration").Duration();
  }
  if (reader.Find("target") != nullptr) {
    stage.target = reader.Member("target").Int();
  }
  reader.RefuseUnknown({"duration", "target"});
  return stage;
}

}  // namespace

std::optional<std::vector<Stage>> ReadStages(const ValueReader& reader) {
  if (!reader.RequireArray()) {
    return std::nullopt;
  }
  const size_t errors = reader.errors()->size();
  std::vector<Stage> stages;
  for (size_t i = 0; i < reader.value().size(); ++i) {
    if (std::optional<Stage> stage = ReadStage(reader.Element(i)); stage.has_value()) {
      stages.push_back(*stage);
    }
  }
  if (reader.errors()->size() > errors) {
    return std::nullopt;  // what cannot be read is not missing, too
  }
  return stages;
}

std::vector<ScenarioConfig> ReadScenarios(const ValueReader& reader) {
  std::vector<ScenarioConfig> scenarios;
  if (!reader.RequireObject()) {
    return scenarios;
  }
  for (const auto& [name, value] : reader.value().items()) {
    ScenarioConfig scenario;
    scenario.name = name;
    if (ReadScenario(reader.Member(name), &scenario)) {
      scenarios.push_back(std::move(scenario));
    }
  }
  return scenarios;
}

}  // namespace lockstep
