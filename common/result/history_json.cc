#include "common/result/history_json.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

using nlohmann::json;

constexpr uint64_t kMostPoints = 100'000;  // of a file; a Timeline makes far fewer

// With five digits: the shortest text of a double says no more than that.
json NumberJson(double value) {
  if (!std::isfinite(value)) {
    return nullptr;
  }
  if (value == std::trunc(value) && std::abs(value) < 1e15) {
    return static_cast<int64_t>(value);
  }
  const double scale = std::pow(10, 4 - std::floor(std::log10(std::abs(value))));
  const double rounded = std::round(value * scale) / scale;
  return std::isfinite(rounded) ? rounded : value;
}

json ColumnsJson(const std::vector<HistoryColumn>& columns) {
  json object = json::object();
  for (const HistoryColumn& column : columns) {
    json values = json::array();
    for (const double value : column.values) {
      values.push_back(NumberJson(value));
    }
    object[column.name] = std::move(values);
  }
  return object;
}

json HeatJson(const std::vector<Spread::Buckets>& heat) {
  json points = json::array();
  for (const Spread::Buckets& buckets : heat) {
    json point = json::array();  // [index, count, index, count...]
    for (const auto& [index, count] : buckets) {
      point.push_back(index);
      point.push_back(count);
    }
    points.push_back(std::move(point));
  }
  return points;
}

json LanesJson(const std::vector<HistoryLane>& lanes, bool metrics) {
  json list = json::array();
  for (const HistoryLane& lane : lanes) {
    json object = {{"name", lane.name}, {"columns", ColumnsJson(lane.columns)}};
    if (metrics) {
      object["type"] = std::string(MetricTypeName(lane.type));
      object["contains"] = std::string(ValueTypeName(lane.contains));
    }
    list.push_back(std::move(object));
  }
  return list;
}

json RequestsJson(const std::vector<HistoryRequests>& rows) {
  json list = json::array();
  for (const HistoryRequests& row : rows) {
    list.push_back({{"kind", row.kind},
                    {"method", row.method},
                    {"name", row.name},
                    {"count", row.count},
                    {"failed", row.failed},
                    {"avg", row.avg},
                    {"p50", row.p50},
                    {"p95", row.p95},
                    {"p99", row.p99},
                    {"max", row.max}});
  }
  return list;
}

json ThresholdsJson(const std::vector<HistoryThreshold>& thresholds) {
  json list = json::array();
  for (const HistoryThreshold& threshold : thresholds) {
    json failing = json::array();
    for (const auto& [from, to] : threshold.failing) {
      failing.push_back(json::array({NumberJson(from), NumberJson(to)}));
    }
    list.push_back({{"metric", threshold.metric},
                    {"expression", threshold.expression},
                    {"failing", std::move(failing)}});
  }
  return list;
}

json ScenariosJson(const std::vector<HistoryScenario>& scenarios) {
  json list = json::array();
  for (const HistoryScenario& scenario : scenarios) {
    list.push_back({{"name", scenario.name},
                    {"executor", scenario.executor},
                    {"state", scenario.state},
                    {"iterations", scenario.iterations},
                    {"interrupted", scenario.interrupted},
                    {"dropped", scenario.dropped},
                    {"maxLatenessMs", NumberJson(scenario.max_lateness_ms)}});
  }
  return list;
}

// ---- reading ----

class Parser {
 public:
  Parser(FieldReader& reader, const json& object, std::string path)
      : reader_(reader), object_(object), path_(std::move(path)) {}

  History Parse() {
    history_.step_s = reader_.Number(object_, path_, "step");
    history_.points = reader_.Count(object_, path_, "points");
    if (history_.points > kMostPoints || !(history_.step_s > 0)) {
      reader_.Fail(path_, absl::StrCat("has more than ", kMostPoints,
                                       " points, or a step that is not above 0"));
      return {};
    }
    if (const json* columns = reader_.Member(object_, path_, "columns"); columns != nullptr) {
      history_.columns = Columns(*columns, path_ + ".columns");
    }
    Heat();
    history_.metrics = Lanes("metrics", /*metrics=*/true);
    history_.folded_metrics = reader_.Count(object_, path_, "foldedMetrics");
    history_.agents = Lanes("agents", /*metrics=*/false);
    history_.folded_agents = reader_.Count(object_, path_, "foldedAgents");
    Requests();
    Thresholds();
    Scenarios();
    Words();
    return std::move(history_);
  }

 private:
  template <typename Read>
  void Each(const char* name, const Read& read) {
    size_t index = 0;
    for (const json& item : reader_.List(object_, path_, name)) {
      read(item, absl::StrCat(path_, ".", name, "[", index++, "]"));
    }
  }

  std::vector<HistoryColumn> Columns(const json& object, const std::string& path) {
    std::vector<HistoryColumn> columns;
    for (const auto& [name, values] : object.items()) {
      HistoryColumn column{name, {}};
      if (!values.is_array() || values.size() != history_.points) {
        reader_.Fail(absl::StrCat(path, ".", name),
                     absl::StrCat("is no list of ", history_.points, " values"));
        return {};
      }
      for (const json& value : values) {
        if (!value.is_number() && !value.is_null()) {
          reader_.Fail(absl::StrCat(path, ".", name), "has something that is no number");
          return {};
        }
        column.values.push_back(value.is_null() ? kNoValue : value.get<double>());
      }
      columns.push_back(std::move(column));
    }
    return columns;
  }

  void Heat() {
    Each("heat", [this](const json& point, const std::string& path) {
      Spread::Buckets buckets;
      bool ok = point.is_array() && point.size() % 2 == 0;
      for (size_t i = 0; ok && i < point.size(); i += 2) {
        ok = point[i].is_number_integer() && point[i + 1].is_number_unsigned();
        if (ok) {
          buckets.emplace_back(point[i].get<int32_t>(), point[i + 1].get<uint64_t>());
        }
      }
      if (!ok) {
        reader_.Fail(path, "is no list of indices and counts");
      }
      history_.heat.push_back(std::move(buckets));
    });
    if (history_.heat.size() != history_.points) {
      reader_.Fail(path_ + ".heat", "has not one entry for each point");
    }
  }

  std::vector<HistoryLane> Lanes(const char* name, bool metrics) {
    std::vector<HistoryLane> lanes;
    Each(name, [&](const json& item, const std::string& path) {
      HistoryLane& lane = lanes.emplace_back();
      lane.name = reader_.Text(item, path, "name");
      if (metrics) {
        const auto type = ParseMetricType(reader_.Text(item, path, "type"));
        const auto contains = ParseValueType(reader_.Text(item, path, "contains"));
        if (!type || !contains) {
          reader_.Fail(path, "has an unknown type or unit");
        }
        lane.type = type.value_or(MetricType::kCounter);
        lane.contains = contains.value_or(ValueType::kDefault);
      }
      if (const json* columns = reader_.Member(item, path, "columns"); columns != nullptr) {
        lane.columns = Columns(*columns, path + ".columns");
      }
    });
    return lanes;
  }

  void Requests() {
    Each("requests", [this](const json& item, const std::string& path) {
      HistoryRequests& row = history_.requests.emplace_back();
      row.kind = reader_.Text(item, path, "kind");
      row.method = reader_.Text(item, path, "method");
      row.name = reader_.Text(item, path, "name");
      row.count = reader_.Count(item, path, "count");
      row.failed = reader_.Count(item, path, "failed");
      row.avg = reader_.Number(item, path, "avg");
      row.p50 = reader_.Number(item, path, "p50");
      row.p95 = reader_.Number(item, path, "p95");
      row.p99 = reader_.Number(item, path, "p99");
      row.max = reader_.Number(item, path, "max");
    });
    history_.folded_names = reader_.Count(object_, path_, "foldedNames");
  }

  void Thresholds() {
    Each("thresholds", [this](const json& item, const std::string& path) {
      HistoryThreshold& threshold = history_.thresholds.emplace_back();
      threshold.metric = reader_.Text(item, path, "metric");
      threshold.expression = reader_.Text(item, path, "expression");
      for (const json& span : reader_.List(item, path, "failing")) {
        if (!span.is_array() || span.size() != 2 || !span[0].is_number() || !span[1].is_number()) {
          reader_.Fail(path + ".failing", "has something that is no [from, to]");
          return;
        }
        threshold.failing.emplace_back(span[0].get<double>(), span[1].get<double>());
      }
    });
  }

  void Scenarios() {
    Each("scenarios", [this](const json& item, const std::string& path) {
      HistoryScenario& scenario = history_.scenarios.emplace_back();
      scenario.name = reader_.Text(item, path, "name");
      scenario.executor = reader_.Text(item, path, "executor");
      scenario.state = reader_.Text(item, path, "state");
      scenario.iterations = reader_.Count(item, path, "iterations");
      scenario.interrupted = reader_.Count(item, path, "interrupted");
      scenario.dropped = reader_.Count(item, path, "dropped");
      scenario.max_lateness_ms = reader_.Number(item, path, "maxLatenessMs");
    });
  }

  void Words() {
    Each("environment", [this](const json& item, const std::string& path) {
      history_.environment.emplace_back(reader_.Text(item, path, "name"),
                                        reader_.Text(item, path, "value"));
    });
    if (const json* options = reader_.Member(object_, path_, "options"); options != nullptr) {
      history_.options_json = options->is_null() ? "" : options->dump();
    }
    Each("log", [this](const json& item, const std::string& path) {
      HistoryLogLine& line = history_.log.emplace_back();
      line.after_s = reader_.Number(item, path, "after");
      line.level = reader_.Text(item, path, "level");
      line.text = reader_.Text(item, path, "text");
    });
    history_.dropped_log_lines = reader_.Count(object_, path_, "droppedLogLines");
  }

  FieldReader& reader_;
  const json& object_;
  const std::string path_;
  History history_;
};

}  // namespace

json HistorySeriesJson(const History& history) {
  return {{"step", history.step_s},
          {"first", history.first},
          {"points", history.points},
          {"columns", ColumnsJson(history.columns)},
          {"heat", HeatJson(history.heat)},
          {"metrics", LanesJson(history.metrics, /*metrics=*/true)},
          {"agents", LanesJson(history.agents, /*metrics=*/false)},
          {"thresholds", ThresholdsJson(history.thresholds)}};
}

json HistoryToJson(const History& history) {
  json object = HistorySeriesJson(history);
  object.erase("first");  // a file has them all
  object["foldedMetrics"] = history.folded_metrics;
  object["foldedAgents"] = history.folded_agents;
  object["requests"] = RequestsJson(history.requests);
  object["foldedNames"] = history.folded_names;
  object["scenarios"] = ScenariosJson(history.scenarios);
  object["environment"] = json::array();
  for (const auto& [name, value] : history.environment) {
    object["environment"].push_back({{"name", name}, {"value", value}});
  }
  json options = json::parse(history.options_json, nullptr, /*allow_exceptions=*/false);
  object["options"] = options.is_discarded() ? json() : std::move(options);
  object["log"] = json::array();
  for (const HistoryLogLine& line : history.log) {
    object["log"].push_back(
        {{"after", NumberJson(line.after_s)}, {"level", line.level}, {"text", line.text}});
  }
  object["droppedLogLines"] = history.dropped_log_lines;
  return object;
}

History ReadHistory(FieldReader& reader, const json& object, const std::string& path) {
  if (!object.is_object()) {
    reader.Fail(path, "is no object");
    return {};
  }
  return Parser(reader, object, path).Parse();
}

}  // namespace lockstep
