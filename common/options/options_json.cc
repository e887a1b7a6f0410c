#include "common/options/options_json.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <type_traits>

#include "absl/strings/str_cat.h"

#include "common/base/json_text.h"
#include "common/options/catalogue.h"
#include "common/options/duration.h"
#include "common/options/executor_settings.h"
#include "common/options/parse.h"

namespace lockstep {
namespace {

using Json = nlohmann::ordered_json;

Json PairsToJson(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json object = Json::object();
  for (const auto& [key, value] : pairs) {
    object[key] = value;
  }
  return object;
}

Json ToJson(bool value) {
  return value;
}
Json ToJson(int64_t value) {
  return value;
}
Json ToJson(const std::string& value) {
  return value;
}
Json ToJson(absl::Duration value) {
  return DurationText(value);
}
Json ToJson(const StringList& value) {
  return value;
}
Json ToJson(const StringMap& value) {
  return value;
}
Json ToJson(const nlohmann::json& value) {
  return value;
}

Json ToJson(const std::vector<Stage>& stages) {
  Json list = Json::array();
  for (const Stage& stage : stages) {
    Json& object = list.emplace_back(Json::object());
    if (stage.duration.has_value()) {
      object["duration"] = DurationText(*stage.duration);
    }
    if (stage.target.has_value()) {
      object["target"] = *stage.target;
    }
  }
  return list;
}

// With a value for each field.
Json WholeJson(const ScenarioConfig& scenario) {
  Json json = Json::object();
  json["executor"] = ExecutorTypeName(scenario.executor);
  json["startTime"] = DurationText(scenario.start_time);
  json["gracefulStop"] = DurationText(scenario.graceful_stop);
  json["env"] = PairsToJson(scenario.env);
  json["exec"] = scenario.exec;
  json["tags"] = PairsToJson(scenario.tags);
  std::visit(
      [&json]<class Config>(const Config& config) {
        ExecutorSettings<Config>::ForEach(
            [&](const auto& row) { json[row.key] = ToJson(config.*row.member); });
      },
      scenario.executor);
  return json;
}

// Whether a field must be given: it is never null then.
bool IsRequired(absl::string_view field, const ExecutorConfig& executor) {
  bool required = field == "executor";
  std::visit(
      [&]<class Config>(const Config&) {
        ExecutorSettings<Config>::ForEach([&](const auto& row) {
          required = required || (row.missing != nullptr && field == row.key);
        });
      },
      executor);
  return required;
}

// Null, as in k6, where nobody has set a field and it is what it is then.
Json ToJson(const ScenarioConfig& scenario) {
  ScenarioConfig unset;
  unset.executor = std::visit([]<class Config>(const Config&) { return ExecutorConfig(Config()); },
                              scenario.executor);
  const Json defaults = WholeJson(unset);
  const StringList& given = scenario.given;
  Json json = WholeJson(scenario);
  for (auto& [field, value] : json.items()) {
    const bool is_given = std::find(given.begin(), given.end(), field) != given.end();
    if (!is_given && !IsRequired(field, scenario.executor) && value == defaults[field]) {
      value = nullptr;
    }
  }
  return json;
}

Json ToJson(const std::vector<ScenarioConfig>& scenarios) {
  Json object = Json::object();
  for (const ScenarioConfig& scenario : scenarios) {
    object[scenario.name] = ToJson(scenario);
  }
  return object;
}

Json ToJson(const Thresholds& thresholds) {
  Json object = Json::object();
  for (const auto& [metric, configs] : thresholds) {
    Json& list = object[metric] = Json::array();
    for (const ThresholdConfig& config : configs) {
      if (!config.abort_on_fail && config.delay_abort_eval == absl::ZeroDuration()) {
        list.push_back(config.expression);
      } else {
        list.push_back({{"threshold", config.expression},
                        {"abortOnFail", config.abort_on_fail},
                        {"delayAbortEval", DurationText(config.delay_abort_eval)}});
      }
    }
  }
  return object;
}

Json ToJson(const DnsOptions& dns) {
  static constexpr const char* kSelect[] = {"first", "random", "roundRobin"};
  static constexpr const char* kPolicy[] = {"preferIPv4", "preferIPv6", "onlyIPv4", "onlyIPv6",
                                            "any"};
  return {{"ttl", DurationText(dns.ttl)},
          {"select", kSelect[static_cast<size_t>(dns.select)]},
          {"policy", kPolicy[static_cast<size_t>(dns.policy)]}};
}

Json ToJson(const TlsVersions& versions) {
  return {{"min", versions.first}, {"max", versions.second}};
}

Json ToJson(const std::vector<TlsAuth>& list) {
  Json array = Json::array();
  for (const TlsAuth& auth : list) {
    array.push_back({{"cert", auth.cert},
                     {"key", auth.key},
                     {"password", auth.password},
                     {"domains", auth.domains}});
  }
  return array;
}

// As comparisons and ranges of what a script may write; the rule's borders below 100 come from "<".
Json ToJson(const HttpErrorsRule& rule) {
  Json status = Json::array();
  for (const auto& [from, to] : rule.status) {
    if (from < 100) {
      status.push_back(absl::StrCat("<", to + 1));
    } else if (from > 999) {
      status.push_back(">999");
    } else {
      status.push_back(absl::StrCat(from, "-", to));
    }
  }
  return {{"status", status}, {"exclude", rule.exclude}};
}

// Of an option that nobody has set.
template <class T>
Json JsonOfNone() {
  if constexpr (std::is_same_v<T, DnsOptions>) {
    return {{"ttl", nullptr}, {"select", nullptr}, {"policy", nullptr}};
  } else {
    return nullptr;
  }
}

}  // namespace

std::string ToCanonicalJson(const Options& options) {
  Json object = Json::object();
  ForEachOption([&](const auto& row) {
    if (const auto& option = options.*row.member; option.has_value()) {
      object[std::string(row.key)] = ToJson(*option);
    }
  });
  return JsonText(object);
}

absl::StatusOr<Options> FromCanonicalJson(absl::string_view text) {
  ParsedOptions parsed = ParseScriptOptions(text);
  // What a newer or foreign coordinator adds is not to be dropped in silence.
  parsed.errors.insert(parsed.errors.end(), parsed.warnings.begin(), parsed.warnings.end());
  if (!parsed.ok()) {
    return ConfigurationStatus(parsed.errors);
  }
  if (parsed.options.scenarios.has_value()) {
    std::sort(parsed.options.scenarios->begin(), parsed.options.scenarios->end(),
              [](const ScenarioConfig& a, const ScenarioConfig& b) {
                return std::tie(a.start_time, a.name) < std::tie(b.start_time, b.name);
              });
  }
  return std::move(parsed.options);
}

nlohmann::ordered_json ToInspectJson(const Options& options) {
  Json object = Json::object();
  ForEachOption([&]<class T>(const OptionRow<T>& row) {
    const std::optional<T>& option = options.*row.member;
    object[std::string(row.key)] = option.has_value() ? ToJson(*option) : JsonOfNone<T>();
  });
  return object;
}

}  // namespace lockstep
