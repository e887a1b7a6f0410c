#include "common/result/history_json.h"

#include <cmath>
#include <tuple>
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

// ---- rows: one list of their fields, for writing and for reading ----

using Variable = std::pair<std::string, std::string>;
using Spans = std::vector<std::pair<double, double>>;

template <typename Row>
constexpr std::tuple<> kFields = {};
template <>
constexpr auto kFields<HistoryRequests> = std::tuple(
    std::pair("kind", &HistoryRequests::kind), std::pair("method", &HistoryRequests::method),
    std::pair("name", &HistoryRequests::name), std::pair("count", &HistoryRequests::count),
    std::pair("failed", &HistoryRequests::failed), std::pair("avg", &HistoryRequests::avg),
    std::pair("p50", &HistoryRequests::p50), std::pair("p95", &HistoryRequests::p95),
    std::pair("p99", &HistoryRequests::p99), std::pair("max", &HistoryRequests::max));
template <>
constexpr auto kFields<HistoryThreshold> =
    std::tuple(std::pair("metric", &HistoryThreshold::metric),
               std::pair("expression", &HistoryThreshold::expression),
               std::pair("failing", &HistoryThreshold::failing));
template <>
constexpr auto kFields<HistoryScenario> = std::tuple(
    std::pair("name", &HistoryScenario::name), std::pair("executor", &HistoryScenario::executor),
    std::pair("state", &HistoryScenario::state),
    std::pair("iterations", &HistoryScenario::iterations),
    std::pair("interrupted", &HistoryScenario::interrupted),
    std::pair("dropped", &HistoryScenario::dropped),
    std::pair("maxLatenessMs", &HistoryScenario::max_lateness_ms));
template <>
constexpr auto kFields<Variable> = std::tuple(std::pair("name", &Variable::first),
                                              std::pair("value", &Variable::second));
template <>
constexpr auto kFields<HistoryLogLine> = std::tuple(std::pair("after", &HistoryLogLine::after_s),
                                                    std::pair("level", &HistoryLogLine::level),
                                                    std::pair("text", &HistoryLogLine::text));

template <typename Row, typename Visit>
void EachField(const Visit& visit) {
  std::apply([&visit](const auto&... field) { (visit(field.first, field.second), ...); },
             kFields<Row>);
}

json ValueJson(const std::string& text) {
  return text;
}
json ValueJson(uint64_t count) {
  return count;
}
json ValueJson(double number) {
  return NumberJson(number);
}
json ValueJson(const Spans& spans) {
  json list = json::array();
  for (const auto& [from, to] : spans) {
    list.push_back(json::array({NumberJson(from), NumberJson(to)}));
  }
  return list;
}

template <typename Row>
json RowsJson(const std::vector<Row>& rows) {
  json list = json::array();
  for (const Row& row : rows) {
    json& object = list.emplace_back();
    EachField<Row>([&](const char* name, auto member) { object[name] = ValueJson(row.*member); });
  }
  return list;
}

template <typename Value>
void ReadValue(const JsonPlace& row, const char* name, Value* value) {
  row.Read(name, value);
}
void ReadValue(const JsonPlace& row, const char* name, Spans* spans) {
  row.Each(name, [&](const JsonPlace& item) {
    const json& span = item.value();
    if (!span.is_array() || span.size() != 2 || !span[0].is_number() || !span[1].is_number()) {
      item.Fail("is no [from, to]");
      return;
    }
    spans->emplace_back(span[0].get<double>(), span[1].get<double>());
  });
}

template <typename Row>
void ReadRows(const JsonPlace& object, const char* name, std::vector<Row>* rows) {
  object.Each(name, [&](const JsonPlace& item) {
    Row& row = rows->emplace_back();
    EachField<Row>([&](const char* field, auto member) { ReadValue(item, field, &(row.*member)); });
  });
}

// ---- reading the rest ----

std::vector<HistoryColumn> ReadColumns(const JsonPlace& columns, uint64_t points) {
  std::vector<HistoryColumn> result;
  for (const auto& [name, values] : columns.value().items()) {
    const JsonPlace place = columns.At(name.c_str());
    if (!values.is_array() || values.size() != points) {
      place.Fail(absl::StrCat("is not a list of ", points, " values"));
      return {};
    }
    HistoryColumn& column = result.emplace_back(HistoryColumn{name});
    for (const json& value : values) {
      if (!value.is_number() && !value.is_null()) {
        place.Fail("has something that is not a number");
        return {};
      }
      column.values.push_back(value.is_null() ? kNoValue : value.get<double>());
    }
  }
  return result;
}

void ReadHeat(const JsonPlace& object, History* history) {
  object.Each("heat", [history](const JsonPlace& item) {
    const json& point = item.value();
    Spread::Buckets& buckets = history->heat.emplace_back();
    bool ok = point.is_array() && point.size() % 2 == 0;
    for (size_t i = 0; ok && i < point.size(); i += 2) {
      ok = point[i].is_number_integer() && point[i + 1].is_number_unsigned();
      if (ok) {
        buckets.emplace_back(point[i].get<int32_t>(), point[i + 1].get<uint64_t>());
      }
    }
    if (!ok) {
      item.Fail("is not a list of indices and counts");
    }
  });
  if (history->heat.size() != history->points) {
    object.At("heat").Fail("has not one entry for each point");
  }
}

std::vector<HistoryLane> ReadLanes(const JsonPlace& object, const char* name, uint64_t points,
                                   bool metrics) {
  std::vector<HistoryLane> lanes;
  object.Each(name, [&](const JsonPlace& item) {
    HistoryLane& lane = lanes.emplace_back();
    item.Read("name", &lane.name);
    if (metrics) {
      const auto type = ParseMetricType(item.At("type").Text());
      const auto contains = ParseValueType(item.At("contains").Text());
      if (!type || !contains) {
        item.Fail("has an unknown type or unit");
      }
      lane.type = type.value_or(MetricType::kCounter);
      lane.contains = contains.value_or(ValueType::kDefault);
    }
    lane.columns = ReadColumns(item.At("columns"), points);
  });
  return lanes;
}

}  // namespace

json HistorySeriesJson(const History& history) {
  return {{"step", history.step_s},
          {"first", history.first},
          {"points", history.points},
          {"columns", ColumnsJson(history.columns)},
          {"heat", HeatJson(history.heat)},
          {"metrics", LanesJson(history.metrics, /*metrics=*/true)},
          {"agents", LanesJson(history.agents, /*metrics=*/false)},
          {"thresholds", RowsJson(history.thresholds)}};
}

json HistoryToJson(const History& history) {
  json object = HistorySeriesJson(history);
  object.erase("first");  // a file has them all
  object["foldedMetrics"] = history.folded_metrics;
  object["foldedAgents"] = history.folded_agents;
  object["requests"] = RowsJson(history.requests);
  object["foldedNames"] = history.folded_names;
  object["scenarios"] = RowsJson(history.scenarios);
  object["environment"] = RowsJson(history.environment);
  json options = json::parse(history.options_json, nullptr, /*allow_exceptions=*/false);
  object["options"] = options.is_discarded() ? json() : std::move(options);
  object["log"] = RowsJson(history.log);
  object["droppedLogLines"] = history.dropped_log_lines;
  return object;
}

History ReadHistory(const JsonPlace& object) {
  if (!object.value().is_object()) {
    object.Fail("is not an object");
    return {};
  }
  History history;
  object.Read("step", &history.step_s);
  object.Read("points", &history.points);
  if (history.points > kMostPoints || !(history.step_s > 0)) {
    object.Fail(
        absl::StrCat("has more than ", kMostPoints, " points, or a step that is not above 0"));
    return {};
  }
  history.columns = ReadColumns(object.At("columns"), history.points);
  ReadHeat(object, &history);
  history.metrics = ReadLanes(object, "metrics", history.points, /*metrics=*/true);
  object.Read("foldedMetrics", &history.folded_metrics);
  history.agents = ReadLanes(object, "agents", history.points, /*metrics=*/false);
  object.Read("foldedAgents", &history.folded_agents);
  ReadRows(object, "requests", &history.requests);
  object.Read("foldedNames", &history.folded_names);
  ReadRows(object, "thresholds", &history.thresholds);
  ReadRows(object, "scenarios", &history.scenarios);
  ReadRows(object, "environment", &history.environment);
  const JsonPlace options = object.At("options");
  history.options_json = options.value().is_null() ? "" : options.value().dump();
  ReadRows(object, "log", &history.log);
  object.Read("droppedLogLines", &history.dropped_log_lines);
  return history;
}

}  // namespace lockstep
