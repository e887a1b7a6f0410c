#include "coordinator/journal/kept_charts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/result/history_json.h"

namespace lockstep::coordinator {
namespace {

constexpr int64_t kRest = -1;  // stands for the row without points

std::string Text(const History& history) {
  return JsonText(HistoryToJson(history));
}

}  // namespace

void KeptCharts::Write(const ChartsNow& now, SqlChanges& changes) {
  const uint64_t from = std::exchange(begun_, true) ? now.changed - now.changed % kPointsOfRow : 0;
  History history = now.since(from);
  changes.Add("DELETE FROM chart WHERE run = ? AND first >= ?", {run_, static_cast<int64_t>(from)});
  for (uint64_t at = 0; at < history.points; at += kPointsOfRow) {
    WriteRow(static_cast<int64_t>(history.first + at),
             Text(PointsOf(history, at, at + kPointsOfRow)), changes);
  }
  history.points = 0;
  history.columns.clear();
  history.heat.clear();
  history.metrics.clear();
  history.agents.clear();
  std::string rest = Text(history);
  if (rest == rest_) {
    return;
  }
  rest_ = std::move(rest);
  WriteRow(kRest, rest_, changes);
}

void KeptCharts::WriteRow(int64_t first, const std::string& text, SqlChanges& changes) {
  changes.Add("INSERT OR REPLACE INTO chart (run, first, history) VALUES (?,?,?)",
              {run_, first, text});
}

absl::StatusOr<std::optional<History>> KeptCharts::Read(Database& database, int64_t run) {
  std::optional<History> whole;
  absl::Status status;
  const auto read = [&](const SqlRow& row) {
    const nlohmann::json json =
        nlohmann::json::parse(row.Text(1), nullptr, /*allow_exceptions=*/false);
    const JsonPlace chart(json, absl::StrCat("chart ", row.Int(0)), &status);
    const History part = ReadHistory(chart);
    if (row.Int(0) == kRest) {
      whole = part;
    } else if (whole.has_value() && static_cast<uint64_t>(row.Int(0)) == whole->points) {
      AppendPoints(part, &*whole);
    } else {
      chart.Fail("does not follow the one before it");
    }
  };
  LOCKSTEP_RETURN_IF_ERROR(
      database.Query("SELECT first, history FROM chart WHERE run = ? ORDER BY first", {run}, read));
  if (!status.ok()) {
    return absl::DataLossError(absl::StrCat("journal: ", status.message()));
  }
  return whole;
}

}  // namespace lockstep::coordinator
