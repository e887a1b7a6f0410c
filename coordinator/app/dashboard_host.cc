#include "coordinator/app/dashboard_host.h"

#include <system_error>
#include <utility>
#include <vector>

#include <spawn.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"
#include "common/base/open_files.h"
#include "common/base/percent_encoding.h"
#include "common/base/random_bytes.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kTokenBytes = 16;

// An address that others can reach is called by whatever name they know it by.
std::vector<std::string> HostsOf(const std::string& host) {
  return IsLoopbackHost(host) ? std::vector<std::string>{"localhost", "127.0.0.1", "::1", host}
                              : std::vector<std::string>{};
}

std::string InUrl(const std::string& host) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
}

}  // namespace

DashboardHost::DashboardHost(EventLoop& loop, DashboardSource& source, RunControl& control,
                             Logger& logger, DashboardSettings settings,
                             absl::AnyInvocable<void()> on_left)
    : logger_(logger),
      settings_(std::move(settings)),
      on_left_(std::move(on_left)),
      token_(settings_.token.empty() ? absl::BytesToHexString(RandomBytes(kTokenBytes))
                                     : settings_.token),
      dashboard_(source, control, {.token = token_, .hosts = HostsOf(settings_.host)}),
      server_(
          loop, [this](const WebRequest& request) { return dashboard_.Answer(request); },
          Dashboard::kMostPages),
      timer_(loop) {
  server_.AnswerWhen(
      [&control](absl::AnyInvocable<void()> give_out) { control.WhenKept(std::move(give_out)); });
}

DashboardHost::~DashboardHost() {
  dashboard_.End();
  server_.Shutdown();
  if (dashboard_.overran() > 0) {
    logger_.Warn(absl::StrCat(dashboard_.overran(),
                              " pages of the dashboard were let go as they did not take what they "
                              "were sent"));
  }
}

absl::Status DashboardHost::Start() {
  if (const absl::Status started =
          // "localhost" may be two addresses; this is the one that everybody tries.
      server_.Start(
          absl::StrCat(settings_.host == "localhost" ? "127.0.0.1" : InUrl(settings_.host), ":",
                       settings_.port));
      !started.ok()) {
    return absl::Status(started.code(), absl::StrCat("web-dashboard: ", started.message()));
  }
  logger_.Info(
      absl::StrCat("web dashboard: ", Url(),
                   settings_.log_token ? absl::StrCat("#token=", PercentEncoded(token_)) : ""));
  if (settings_.open) {
    OpenBrowser();
  }
  TickEachPeriod();
  return absl::OkStatus();
}

std::string DashboardHost::Url() const {
  const bool everywhere = settings_.host.empty() || settings_.host == "0.0.0.0";
  return absl::StrCat("http://", everywhere ? "localhost" : InUrl(settings_.host), ":",
                      server_.port(), "/");
}

std::string DashboardHost::Description() const {
  return absl::StrCat("web-dashboard (", Url(), "#token=", PercentEncoded(token_), ")");
}

void DashboardHost::TickEachPeriod() {
  timer_.After(settings_.period, [this] {
    dashboard_.Tick();
    if (lingering_ && !has_pages()) {
      on_left_();
      return;
    }
    TickEachPeriod();
  });
}

void DashboardHost::OpenBrowser() {
  std::string program = "xdg-open";
  std::string url = Url();  // without the token: everybody may read a command line
  char* arguments[] = {program.data(), url.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments, environ);
  if (failed != 0) {
    logger_.Warn(absl::StrCat("web-dashboard: no browser could be opened: xdg-open: ",
                              std::generic_category().message(failed)));
  } else {
    RestoreOpenFiles(child);
  }
}

}  // namespace lockstep::coordinator
