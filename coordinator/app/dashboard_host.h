// The dashboard of a run: its server, its timer, and the browser that it may open.
#pragma once

#include <string>

#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/web/web_server.h"
#include "coordinator/app/dashboard_settings.h"
#include "coordinator/http/dashboard.h"

namespace lockstep::coordinator {

// Loop-bound.
class DashboardHost {
 public:
  // All are borrowed. `on_left` is called once the last page has gone after the run's end.
  DashboardHost(EventLoop& loop, DashboardSource& source, RunControl& control, Logger& logger,
                DashboardSettings settings, absl::AnyInvocable<void()> on_left);
  ~DashboardHost();
  DashboardHost(const DashboardHost&) = delete;
  DashboardHost& operator=(const DashboardHost&) = delete;

  // Serves. Unavailable, with the reason: it cannot listen there.
  absl::Status Start();
  // "web-dashboard (http://localhost:5665/#token=...)", for the head of the run's text.
  std::string Description() const;
  // Tells all pages at once how things stand.
  void Tell() { dashboard_.Tick(); }
  bool has_pages() const { return dashboard_.pages() > 0; }
  // The run is over; pages may stay until somebody else ends it, or the last one goes.
  void Linger() { lingering_ = true; }

 private:
  void TickEachPeriod();
  void OpenBrowser();
  std::string Url() const;

  Logger& logger_;
  const DashboardSettings settings_;
  absl::AnyInvocable<void()> on_left_;
  const std::string token_;
  Dashboard dashboard_;
  WebServer server_;
  Timer timer_;
  bool lingering_ = false;
};

}  // namespace lockstep::coordinator
