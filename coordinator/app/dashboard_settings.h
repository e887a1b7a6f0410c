// What `-o web-dashboard=...` and the variables WEB_DASHBOARD* ask for. Pure.
//
// | key      | variable (LOCKSTEP_WEB_DASHBOARD_..., else K6_...) | default   |                                    |
// |----------|----------------------------------------------------|-----------|------------------------------------|
// | `host`   | `_HOST`                                            | localhost | where it listens                   |
// | `port`   | `_PORT`                                            | 5665      | 0: a free one; -1: no page at all  |
// | `period` | `_PERIOD`                                          | 1s        | between two events                 |
// | `open`   | `_OPEN`                                            | false     | opens a browser                    |
// | `export` | `_EXPORT`                                          | none      | report: as --report                |
// | `record` | `_RECORD`                                          | none      | result: as --result-file           |
// | `token`  | `_TOKEN`                                           | random    | of those who may control           |
// | `tag`    | `_TAGS`                                            |           | has no effect                      |
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/environment.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {

struct DashboardSettings {
  std::string host = "localhost";
  int64_t port = 5665;
  absl::Duration period = absl::Seconds(1);
  bool open = false;
  std::string token;       // empty: one is made
  bool log_token = false;  // as nothing else tells it
  std::vector<std::string> warnings;
};

// Takes the specs of the dashboard out of `outputs`, and puts those of its two files there; their
// variables do that without a dashboard, too. Nothing if neither specs nor a variable ask for one.
// InvalidArgument with all mistakes, one a line: the key or variable, the value, and what is
// allowed.
absl::StatusOr<std::optional<DashboardSettings>> TakeDashboard(const Environment& environment,
                                                               std::vector<OutputSpec>* outputs);

}  // namespace lockstep::coordinator
