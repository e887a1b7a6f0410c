// The dashboard: a page that follows a run, over server-sent events. Functions of requests;
// common/web has the sockets.
//
// | path                                  | methods | answer                                                |
// |---------------------------------------|---------|-------------------------------------------------------|
// | /, /app.js, /app.css                  | GET     | the page                                              |
// | /events                               | GET     | `snapshot` with all of it, then a `tick` each period  |
// | /report.html                          | GET     | the report, as far as the run has come                |
// | /api/pause, resume, stop, scale, check | POST   | 204; 401 without the token, 409 where the run refuses |
//
// Those who can reach the address may look; those who have the token may touch. A token is sent as
// `Authorization: Bearer TOKEN`, which no page of another origin can make a browser send.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

#include "common/web/web_server.h"
#include "coordinator/core/control.h"
#include "coordinator/page/page_model.h"

namespace lockstep::coordinator {

// What the dashboard is about.
class DashboardSource {
 public:
  virtual ~DashboardSource() = default;
  // As of now, with the points of its history from `first` on.
  virtual PageModel Model(uint64_t first) const = 0;
  // The first point that has changed since the last call.
  virtual uint64_t TakeChanged() = 0;
};

// Loop-bound.
class Dashboard {
 public:
  // Further pages are refused.
  static constexpr size_t kMostPages = 32;

  struct Settings {
    std::string token;  // empty: nobody may touch
    // What a request may call this server, without the port; empty: anything. Keeps pages of others
    // from reading it by a name that they have made to lead here.
    std::vector<std::string> hosts = {};
  };
  // `source` and `control` are borrowed.
  Dashboard(DashboardSource& source, RunControl& control, Settings settings);
  // As End.
  ~Dashboard();
  Dashboard(const Dashboard&) = delete;
  Dashboard& operator=(const Dashboard&) = delete;

  WebResponse Answer(const WebRequest& request);
  // Tells all pages what is new. Costs nothing if there is none.
  void Tick();
  // Tells them for the last time, and lets them go.
  void End();
  // That look now, as far as is known: a page that is gone is missed when it is told something.
  size_t pages() const;
  // That were given up because they did not read what they were sent.
  uint64_t overran() const { return overran_; }

 private:
  WebResponse Page(const WebRequest& request);
  WebResponse Listen();
  WebResponse Command(const WebRequest& request);
  absl::Status Carry(const std::string& verb, const std::string& body);
  bool IsWelcome(const std::string& host) const;
  void ForgetGone();

  DashboardSource& source_;
  RunControl& control_;
  const Settings settings_;
  std::vector<std::shared_ptr<WebStream>> streams_;
  WebStream::Piece snapshot_;  // of the time since the last tick; null: none was asked for
  std::map<std::string, std::string> told_;  // panels, as the pages have them
  uint64_t overran_ = 0;
};

}  // namespace lockstep::coordinator
