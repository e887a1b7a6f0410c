#include "common/timeline/history.h"

#include <algorithm>

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

}  // namespace

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
