// A run over time, as rows: some of its points each, and one with all that is not a point. Only
// what has changed is written. Bounded as a Timeline is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "common/timeline/history.h"
#include "coordinator/journal/database.h"
#include "coordinator/journal/sql_changes.h"

namespace lockstep::coordinator {

// What there is to keep now.
struct ChartsNow {
  uint64_t changed = 0;  // the first point that has changed since the last time
  // The points from `first` on, of the seconds that are over, with all the rest.
  std::function<History(uint64_t first)> since;
};

class KeptCharts {
 public:
  static constexpr uint64_t kPointsOfRow = 30;

  // What another process has kept of the run goes with the first Write: its points are not known
  // here.
  explicit KeptCharts(int64_t run) : run_(run) {}

  // What has changed since the last time. Whoever does not carry it out does not write here again.
  void Write(const ChartsNow& now, SqlChanges& changes);
  // Nothing: nobody has recorded them. DataLoss: what is kept makes no sense.
  static absl::StatusOr<std::optional<History>> Read(Database& database, int64_t run);

 private:
  void WriteRow(int64_t first, const std::string& text, SqlChanges& changes);

  const int64_t run_;
  bool begun_ = false;
  std::string rest_;  // as it was written last
};

}  // namespace lockstep::coordinator
