#include "coordinator/app/control.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/clock.h"
#include "common/summary/format.h"
#include "common/trust/credentials.h"
#include "coordinator/app/reports.h"
#include "coordinator/rpc/control_client.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

double ValueOf(const v1::MetricStatus& metric, const char* name) {
  const auto found = metric.values().find(name);
  return found == metric.values().end() ? 0 : found->second;
}

// "3.2ms", "1m0s": as the summary writes it.
std::string TimeOf(const v1::MetricStatus& metric, const char* name) {
  return FormatDuration(ValueOf(metric, name), "");
}

std::string ToText(const v1::RunStatus& status) {
  std::string text = absl::StrFormat("%s  %s%s  %.1fs", status.script(), WordOf(status.state()),
                                     status.paused() ? " (paused)" : "", status.elapsed_s());
  if (status.planned_s() > 0) {
    absl::StrAppendFormat(&text, "/%.1fs", status.planned_s());
  }
  absl::StrAppendFormat(&text, "  %d/%d VUs  %d complete and %d interrupted iterations\n",
                        status.vus(), status.vus_max(), status.iterations(), status.interrupted());
  if (!status.stop_reason().empty()) {
    absl::StrAppend(&text, "  ending: ", status.stop_reason(), "\n");
  }
  absl::StrAppendFormat(&text,
                        "  now %.1f iterations/s, %.1f requests/s, %.1f of them failed; so far %d "
                        "requests, %d failed\n",
                        status.load().iterations_per_s(), status.load().http_reqs_per_s(),
                        status.load().http_reqs_failed_per_s(), status.load().http_reqs(),
                        status.load().http_reqs_failed());
  if (status.validity() != v1::Health::UNKNOWN) {
    absl::StrAppend(&text, "  generator: ", WordOf(status.validity()), "\n");
    for (const std::string& reason : status.validity_reasons()) {
      absl::StrAppend(&text, "    - ", reason, "\n");
    }
  }
  for (const auto& [kind, count] :
       std::map<std::string, int64_t>(status.refused().begin(), status.refused().end())) {
    absl::StrAppendFormat(&text, "  refused, %s: %d\n", kind, count);
  }
  for (const v1::AgentStatus& agent : status.agents()) {
    absl::StrAppendFormat(
        &text, "  agent %-20s %-12s %-14s %5d/%d VUs  %8d iterations  %8.1f requests/s\n",
        agent.name(), WordOf(agent.state()), agent.segment(), agent.vus(), agent.vus_max(),
        agent.iterations(), agent.load().http_reqs_per_s());
  }
  for (const v1::ScenarioStatus& scenario : status.scenarios()) {
    absl::StrAppendFormat(
        &text,
        "  scenario %-17s %-12s %3.0f%%  %d/%d VUs  %d iterations, %d dropped  %.1f requests/s\n",
        scenario.name(), WordOf(scenario.state()), scenario.progress() * 100, scenario.vus(),
        scenario.allocated_vus(), scenario.iterations(), scenario.dropped(),
        scenario.load().http_reqs_per_s());
  }
  for (const v1::MetricStatus& metric : status.metrics()) {
    if (metric.type() == v1::METRIC_KIND_TREND && metric.contains() == v1::METRIC_CONTENTS_TIME &&
        metric.tags().empty()) {
      absl::StrAppendFormat(&text, "  metric %-24s med %s  p(95) %s  p(99) %s  max %s\n",
                            metric.key(), TimeOf(metric, "med"), TimeOf(metric, "p(95)"),
                            TimeOf(metric, "p(99)"), TimeOf(metric, "max"));
    }
  }
  for (const v1::ThresholdStatus& threshold : status.thresholds()) {
    absl::StrAppendFormat(&text, "  threshold %s %s: %s", threshold.metric(),
                          threshold.expression(), WordOf(threshold.verdict()));
    if (threshold.verdict() != v1::ThresholdStatus::NO_DATA) {
      absl::StrAppend(&text, " (", threshold.value(), ")");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

void Print(const v1::RunStatus& status, const ControlCommand& command) {
  std::string text = command.json ? JsonInWords(status, !command.watch) : ToText(status);
  WriteStdout(text);
}

}  // namespace

ExitCode ExecuteControl(const ControlCommand& command, const Environment& environment,
                        Logger& logger) {
  absl::StatusOr<std::optional<Credentials>> credentials =
      ChooseCredentials(command.transport.insecure, command.transport.credentials, environment,
                        Role::kOperator, SystemClock().Wall());
  if (!credentials.ok()) {
    logger.Error(std::string(credentials.status().message()));
    return ExitCode::kInvalidConfig;
  }
  ControlClient client(command.address, credentials->has_value() ? &**credentials : nullptr);
  absl::Status failure;
  if (command.verb == ControlCommand::Verb::kStatus && command.watch) {
    failure = client.Watch([&](const v1::RunStatus& status) {
      Print(status, command);
      return true;
    });
  } else {
    absl::StatusOr<v1::RunStatus> status;
    switch (command.verb) {
      case ControlCommand::Verb::kStatus:
        status = client.GetStatus();
        break;
      case ControlCommand::Verb::kPause:
        status = client.Pause();
        break;
      case ControlCommand::Verb::kResume:
        status = client.Resume();
        break;
      case ControlCommand::Verb::kScale:
        status = client.Scale(command.vus, command.max_vus, command.agents);
        break;
      case ControlCommand::Verb::kStop:
        status = client.Stop(command.now);
        break;
    }
    failure = status.status();
    if (status.ok()) {
      Print(*status, command);
    }
  }
  if (!failure.ok()) {
    logger.Error(std::string(failure.message()));
    return ExitCode::kOther;
  }
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
