// A Timeline that goes on where another process had come to.
#include <algorithm>
#include <utility>

#include "common/timeline/timeline.h"

namespace lockstep {
namespace {

// The other one kept points that were told of, and batches that were merged: of these, the last
// ones may be of points that it did not keep.
constexpr uint64_t kUnkeptPoints = 2;

// Writes the values of `past`, of the points from `first` on, over the first ones of `columns`.
void Overlay(const std::vector<HistoryColumn>& past, uint64_t first, uint64_t points,
             std::vector<HistoryColumn>* columns) {
  for (HistoryColumn& column : *columns) {
    const auto found = std::find_if(
        past.begin(), past.end(), [&column](const auto& each) { return each.name == column.name; });
    for (uint64_t i = 0; i < points; ++i) {
      const bool there = found != past.end() && first + i < found->values.size();
      column.values[i] = there ? found->values[first + i] : kNoValue;
    }
  }
}

void OverlayLanes(const std::vector<HistoryLane>& past, uint64_t first, uint64_t points,
                  std::vector<HistoryLane>* lanes) {
  for (HistoryLane& lane : *lanes) {
    const auto found = std::find_if(past.begin(), past.end(),
                                    [&lane](const auto& each) { return each.name == lane.name; });
    Overlay(found == past.end() ? std::vector<HistoryColumn>() : found->columns, first, points,
            &lane.columns);
  }
}

}  // namespace

void Timeline::GoOn(History past, absl::Duration after_t0) {
  step_s_ = past.step_s;
  BeginAt(after_t0);
  known_from_ = std::min(known_from_, past.points + kUnkeptPoints);
  points_.resize(past.points);
  for (const HistoryLane& lane : past.metrics) {
    MetricIndex({lane.name, lane.type, lane.contains});
  }
  for (const HistoryLane& lane : past.agents) {
    AgentIndex(lane.name);
  }
  folded_metrics_ += past.folded_metrics;
  folded_agents_ += past.folded_agents;
  thresholds_ = past.thresholds;
  failing_.assign(thresholds_.size(), false);
  past_ = std::move(past);
}

void Timeline::AddPast(History* history) const {
  const uint64_t end = history->first + history->points;
  const uint64_t points =
      std::min(end, past_.points) - std::min({history->first, end, past_.points});
  Overlay(past_.columns, history->first, points, &history->columns);
  OverlayLanes(past_.metrics, history->first, points, &history->metrics);
  OverlayLanes(past_.agents, history->first, points, &history->agents);
  for (uint64_t i = 0; i < points && history->first + i < past_.heat.size(); ++i) {
    history->heat[i] = past_.heat[history->first + i];
  }
}

// The percentiles are those of what was recorded here: those of two parts do not make one of the
// whole.
void Timeline::AddPastRequests(History* history) const {
  history->folded_names += past_.folded_names;
  for (const HistoryRequests& past : past_.requests) {
    const auto found = std::find_if(
        history->requests.begin(), history->requests.end(), [&past](const HistoryRequests& each) {
          return each.kind == past.kind && each.method == past.method && each.name == past.name;
        });
    if (found == history->requests.end()) {
      history->requests.push_back(past);
      continue;
    }
    const uint64_t count = found->count + past.count;
    found->avg = count == 0 ? 0
                            : (found->avg * static_cast<double>(found->count) +
                               past.avg * static_cast<double>(past.count)) /
                                  static_cast<double>(count);
    found->count = count;
    found->failed += past.failed;
    found->max = std::max(found->max, past.max);
  }
}

}  // namespace lockstep
