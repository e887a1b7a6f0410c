#include "coordinator/app/usage_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/version.h"
#include "coordinator/app/version.h"

namespace lockstep::coordinator {

std::map<std::string, int64_t> ExecutorsOf(const std::vector<ScenarioConfig>& scenarios) {
  std::map<std::string, int64_t> executors;
  for (const ScenarioConfig& scenario : scenarios) {
    ++executors[ExecutorTypeName(scenario.executor)];
  }
  return executors;
}

std::string UsageReportBody(const UsageFacts& facts) {
  return nlohmann::ordered_json{
      {"version", std::string(kVersion)}, {"os", SystemName()},
      {"arch", ArchitectureName()},       {"vus_max", facts.vus_max},
      {"iterations", facts.iterations},   {"duration_s", absl::ToDoubleSeconds(facts.duration)},
      {"executors", facts.executors}}
      .dump();
}

std::string UsageReportUrl(const RunSettingsFlags& flags, const ConfigFile& config) {
  if (flags.no_usage_report.value_or(config.no_usage_report.value_or(false))) {
    return "";
  }
  return flags.usage_report_url.empty() ? config.usage_report_url.value_or("")
                                        : flags.usage_report_url;
}

std::string UsageReportSource(const RunSettingsFlags& flags, const ConfigFile& config) {
  return flags.usage_report_url.empty() ? absl::StrCat(config.name, ": usageReportUrl")
                                        : flags.usage_report_source;
}

UsageReport::UsageReport(const std::string& url)
    : pusher_({.url = url, .headers = {"Content-Type: application/json"}},
              {.timeout = absl::Seconds(2), .drain = absl::Seconds(2)}) {}

absl::Status UsageReport::Check() const {
  return pusher_.Check();
}

void UsageReport::Begin(std::string body) {
  if (pusher_.Start().ok()) {
    pusher_.Push({.body = std::move(body), .samples = 1});
    pusher_.BeginFinish();
  }
}

void UsageReport::End(Logger& logger) {
  if (const HttpPusher::Tally tally = pusher_.Finish(); tally.lost > 0) {
    logger.Debug(absl::StrCat("the usage report could not be sent: ", tally.reason));
  }
}

}  // namespace lockstep::coordinator
