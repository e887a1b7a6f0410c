// What a page shows. A value.
#pragma once

#include <optional>

#include "lockstep/v1/status.pb.h"

#include "common/result/compare.h"
#include "common/result/result.h"

namespace lockstep::coordinator {

struct PageModel {
  // With its history, whose points may be missing: only the page's series need them.
  RunResult result;
  // Of a run that is going on, or was a moment ago.
  std::optional<v1::RunStatus> status = {};
};

// What a report compares its result with.
struct PageBaseline {
  RunResult result;
  ComparisonReport report;
  CompareConfig config;
};

}  // namespace lockstep::coordinator
