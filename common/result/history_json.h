// The History of a run as JSON: what result files keep, and what the dashboard's pages are sent.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

#include "common/result/field_reader.h"
#include "common/timeline/history.h"

namespace lockstep {

// Points and lanes; numbers with five digits, which is more than a chart can show.
nlohmann::json HistorySeriesJson(const History& history);
// All of it.
nlohmann::json HistoryToJson(const History& history);
// `path` is that of `object`. The reader's status says what is wrong.
History ReadHistory(FieldReader& reader, const nlohmann::json& object, const std::string& path);

}  // namespace lockstep
