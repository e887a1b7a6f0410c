#include "common/timeline/history.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace lockstep {
namespace {

template <typename T>
void Cut(std::vector<T>* values, uint64_t begin, uint64_t end) {
  const auto from = [values](uint64_t index) {
    return values->begin() + static_cast<std::ptrdiff_t>(std::min<uint64_t>(index, values->size()));
  };
  values->erase(from(end), values->end());
  values->erase(values->begin(), from(begin));
}

// What a lane says of a time in which it was not there yet: sums are zero, all else is nothing.
double Absent(const HistoryLane& lane, const std::string& column, bool metrics) {
  const bool sums =
      metrics ? column == "count" || (column == "rate" && lane.type == MetricType::kCounter)
              : column == "requests" || column == "failed";
  return sums ? 0 : kNoValue;
}

void AppendColumns(const std::vector<HistoryColumn>& next, std::vector<HistoryColumn>* whole) {
  for (HistoryColumn& column : *whole) {
    const auto found = std::find_if(
        next.begin(), next.end(), [&column](const auto& each) { return each.name == column.name; });
    if (found != next.end()) {
      column.values.insert(column.values.end(), found->values.begin(), found->values.end());
    }
  }
}

void AppendLanes(const std::vector<HistoryLane>& next, bool metrics, uint64_t points,
                 std::vector<HistoryLane>* whole) {
  for (const HistoryLane& lane : next) {
    auto found = std::find_if(whole->begin(), whole->end(),
                              [&lane](const auto& each) { return each.name == lane.name; });
    if (found == whole->end()) {
      found = whole->insert(whole->end(), lane);
      for (HistoryColumn& column : found->columns) {
        column.values.assign(points, Absent(lane, column.name, metrics));
      }
    }
    AppendColumns(lane.columns, &found->columns);
  }
}

// Of a pair of values.
double Paired(const std::string& column, double first, double second) {
  if (std::isnan(first) || std::isnan(second)) {
    return std::isnan(first) ? second : first;
  }
  return column == "max" ? std::max(first, second) : (first + second) / 2;
}

void HalveColumns(std::vector<HistoryColumn>* columns) {
  for (HistoryColumn& column : *columns) {
    std::vector<double>& values = column.values;
    const size_t pairs = (values.size() + 1) / 2;
    for (size_t i = 0; i < pairs; ++i) {
      values[i] = Paired(column.name, values[2 * i],
                         2 * i + 1 < values.size() ? values[2 * i + 1] : kNoValue);
    }
    values.resize(pairs);
  }
}

}  // namespace

History Halved(History history) {
  history.step_s *= 2;
  history.points = (history.points + 1) / 2;
  HalveColumns(&history.columns);
  for (std::vector<HistoryLane>* lanes : {&history.metrics, &history.agents}) {
    for (HistoryLane& lane : *lanes) {
      HalveColumns(&lane.columns);
    }
  }
  std::vector<Spread::Buckets> heat((history.heat.size() + 1) / 2);
  for (size_t i = 0; i < history.heat.size(); ++i) {
    std::map<int32_t, uint64_t> sum(heat[i / 2].begin(), heat[i / 2].end());
    for (const auto& [bucket, count] : history.heat[i]) {
      sum[bucket] += count;
    }
    heat[i / 2].assign(sum.begin(), sum.end());
  }
  history.heat = std::move(heat);
  return history;
}

History PointsOf(const History& history, uint64_t begin, uint64_t end) {
  History part;
  part.step_s = history.step_s;
  part.first = history.first + begin;
  part.points = std::min(end, history.points) - std::min(begin, history.points);
  part.columns = history.columns;
  part.heat = history.heat;
  part.metrics = history.metrics;
  part.agents = history.agents;
  Cut(&part.heat, begin, end);
  for (HistoryColumn& column : part.columns) {
    Cut(&column.values, begin, end);
  }
  for (std::vector<HistoryLane>* lanes : {&part.metrics, &part.agents}) {
    for (HistoryLane& lane : *lanes) {
      for (HistoryColumn& column : lane.columns) {
        Cut(&column.values, begin, end);
      }
    }
  }
  return part;
}

void AppendPoints(const History& next, History* whole) {
  if (whole->points == 0) {
    whole->columns = next.columns;
  } else {
    AppendColumns(next.columns, &whole->columns);
  }
  AppendLanes(next.metrics, /*metrics=*/true, whole->points, &whole->metrics);
  AppendLanes(next.agents, /*metrics=*/false, whole->points, &whole->agents);
  whole->heat.insert(whole->heat.end(), next.heat.begin(), next.heat.end());
  whole->step_s = next.step_s;
  whole->points += next.points;
}

}  // namespace lockstep
