#include "common/options/parse_scenario.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/nearest.h"
#include "common/options/executor_settings.h"

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

  // True if the scenario has the field, readable or not: an error is noted then, and nothing is
  // missing.
  bool Read(const std::string& key, int64_t* target) {
    if (const nlohmann::json* given = reader_.Find(key); given != nullptr && IsEmptyText(*given)) {
      known_.push_back(key);
      return false;
    }
    return ReadBy(key, target, [](const ValueReader& r) { return r.Int(); });
  }
  bool Read(const std::string& key, absl::Duration* target) {
    return ReadBy(key, target, [](const ValueReader& r) { return r.Duration(); });
  }
  bool Read(const std::string& key, std::string* target) {
    return ReadBy(key, target, [](const ValueReader& r) { return r.String(); });
  }
  bool Read(const std::string& key, std::vector<Stage>* target) {
    return ReadBy(key, target, ReadStages);
  }
  void Pairs(const std::string& key, std::vector<std::pair<std::string, std::string>>* target) {
    std::map<std::string, std::string> map;
    if (ReadBy(key, &map, [](const ValueReader& r) { return r.StringMap(); })) {
      target->assign(map.begin(), map.end());
    }
  }
  void Ignore(const std::string& key) { known_.push_back(key); }
  void Missing(std::string key, std::string text) {
    scenario_.missing.push_back({std::move(key), std::move(text)});
  }
  void RefuseUnknown() const {
    reader_.RefuseUnknown(std::vector<absl::string_view>(known_.begin(), known_.end()));
  }

 private:
  template <class T, class F>
  bool ReadBy(const std::string& key, T* target, F read) {
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

template <class Config>
Config ReadSettings(ScenarioReader& reader) {
  Config config;
  ExecutorSettings<Config>::ForEach([&](const auto& row) {
    if (reader.Read(row.key, &(config.*row.member))) {
      return;
    }
    if (row.like != nullptr) {
      config.*row.member = config.*row.like;
    }
    if (row.missing != nullptr) {
      reader.Missing(row.key, row.missing);
    }
  });
  return config;
}

// The executor of that name, with its settings by default; nothing if there is none.
std::optional<ExecutorConfig> FindExecutor(absl::string_view type) {
  std::optional<ExecutorConfig> found;
  ForEachExecutor([&]<class Config>(const Config& executor) {
    if (ExecutorSettings<Config>::kName == NameOfToday(type)) {
      found = executor;
    }
  });
  return found;
}

std::vector<std::string> KnownExecutors() {
  std::vector<std::string> types;
  ForEachExecutor([&types]<class Config>(const Config&) {
    types.emplace_back(ExecutorSettings<Config>::kName);
  });
  return types;
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
    std::string misspelt;
    for (const auto& [key, value] : reader.value().items()) {
      if (const std::string meant = DidYouMean(key, {"executor"});
          given == nullptr && value.is_string() && !meant.empty() &&
          !absl::EqualsIgnoreCase(key, "exec")) {
        misspelt = absl::StrCat(": unknown field \"", key, "\"", meant, " Allowed: ");
      }
    }
    reader.errors()->push_back(absl::StrCat(
        "scenario '", name, "' doesn't have a specified executor type",
        misspelt.empty() ? "; allowed: " : misspelt, absl::StrJoin(KnownExecutors(), ", ")));
    return "";
  }
  return reader.Member(executor != nullptr ? "executor" : "type").String().value_or("");
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
  const std::optional<ExecutorConfig> executor = FindExecutor(type);
  if (!executor.has_value()) {
    reader.Fail(
        absl::StrCat("unknown executor type '", type, "'", MeantOrAllowed(type, KnownExecutors())));
    return false;
  }
  ScenarioReader fields(reader, scenario);
  fields.Ignore("executor");
  fields.Ignore("type");
  fields.Read("startTime", &scenario->start_time);
  if (std::holds_alternative<ExternallyControlledConfig>(*executor)) {
    scenario->graceful_stop = absl::ZeroDuration();
  }
  fields.Read("gracefulStop", &scenario->graceful_stop);
  fields.Read("exec", &scenario->exec);
  fields.Pairs("env", &scenario->env);
  fields.Pairs("tags", &scenario->tags);
  // Of the browser module, which does not exist here; without it the rest means nothing.
  fields.Ignore("options");
  scenario->executor = std::visit(
      [&]<class Config>(const Config&) -> ExecutorConfig { return ReadSettings<Config>(fields); },
      *executor);
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
