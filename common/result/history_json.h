// The History of a run as JSON: what result files keep, and what the dashboard's pages are sent.
#pragma once

#include "nlohmann/json.hpp"

#include "common/result/json_place.h"
#include "common/timeline/history.h"

namespace lockstep {

// Points and lanes; numbers with five digits, which is more than a chart can show.
nlohmann::json HistorySeriesJson(const History& history);
// All of it.
nlohmann::json HistoryToJson(const History& history);
// The status of the place says what is wrong.
History ReadHistory(const JsonPlace& object);

}  // namespace lockstep
