// What a run serves while it goes on, each if it is asked for: k6's REST API with Prometheus'
// metrics, and the dashboard. Loop-bound.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"

#include "common/base/log.h"
#include "common/web/web_server.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/dashboard_host.h"
#include "coordinator/app/dashboard_settings.h"
#include "coordinator/app/recorder.h"
#include "coordinator/app/rig.h"

namespace lockstep::coordinator {

class RunServers {
 public:
  // All are borrowed and outlive this.
  RunServers(const RunSettingsFlags& settings, Rig& rig, Recorder& recorder, Logger& logger)
      : settings_(settings), rig_(rig), recorder_(recorder), logger_(logger) {}

  // InvalidArgument or Unavailable, likewise.
  absl::Status StartRest();
  // Nothing: none is wanted. Errors are DashboardHost's.
  absl::Status StartDashboard(std::optional<DashboardSettings> wanted);
  // Null: there is none.
  DashboardHost* dashboard() { return dashboard_.get(); }

 private:
  const RunSettingsFlags& settings_;
  Rig& rig_;
  Recorder& recorder_;
  Logger& logger_;
  std::unique_ptr<WebServer> rest_;
  std::unique_ptr<DashboardHost> dashboard_;
};

}  // namespace lockstep::coordinator
