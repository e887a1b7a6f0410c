#include "coordinator/app/run_servers.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"
#include "coordinator/http/rest_api.h"

namespace lockstep::coordinator {

absl::Status RunServers::StartRest() {
  const std::string& address = settings_.rest_address;
  if (address.empty()) {
    return absl::OkStatus();
  }
  rest_ = std::make_unique<WebServer>(
      rig_.loop(), [this](const WebRequest& request) { return AnswerRest(request, rig_.face()); });
  rest_->AnswerWhen(
      [this](absl::AnyInvocable<void()> give_out) { rig_.face().WhenKept(std::move(give_out)); });
  if (const absl::Status started = rest_->Start(address); !started.ok()) {
    return absl::UnavailableError(
        absl::StrCat(settings_.rest_address_source, ": ", started.message()));
  }
  const absl::string_view host = SplitHostPort(address).host;
  logger_.Info(absl::StrCat("REST API and metrics on port ", rest_->port(), " of ",
                            host.empty() ? "all addresses" : host,
                            ", for everybody who can reach it"));
  return absl::OkStatus();
}

absl::Status RunServers::StartDashboard(std::optional<DashboardSettings> wanted) {
  if (!wanted.has_value()) {
    return absl::OkStatus();
  }
  for (const std::string& warning : wanted->warnings) {
    logger_.Warn(warning);
  }
  wanted->log_token = settings_.quiet;
  if (wanted->port < 0) {
    return absl::OkStatus();
  }
  recorder_.Begin();
  dashboard_ =
      std::make_unique<DashboardHost>(rig_.loop(), recorder_, rig_.face(), logger_,
                                      *std::move(wanted), [this] { rig_.End(/*linger=*/false); });
  return dashboard_->Start();
}

}  // namespace lockstep::coordinator
