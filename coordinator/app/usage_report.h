// The usage report: what kind of tests people run, told to nobody unless an address is configured
// (--usage-report-url, LOCKSTEP_USAGE_REPORT_URL, `usageReportUrl`), and never what the tests are:
// no name, URL, tag or variable is in it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/base/log.h"
#include "common/options/options.h"
#include "common/options/tiers.h"
#include "coordinator/app/commands.h"
#include "coordinator/fetch/http_pusher.h"

namespace lockstep::coordinator {

// All that is reported, besides version, operating system and architecture.
struct UsageFacts {
  int64_t vus_max = 0;
  int64_t iterations = 0;
  absl::Duration duration;                   // from T0
  std::map<std::string, int64_t> executors;  // by type: how many scenarios have it
};
std::map<std::string, int64_t> ExecutorsOf(const std::vector<ScenarioConfig>& scenarios);
// As JSON.
std::string UsageReportBody(const UsageFacts& facts);

// Where it is to go: what the flags (and variables) say, or else the file; "" where none says it or
// one forbids it.
std::string UsageReportUrl(const RunSettingsFlags& flags, const ConfigFile& config);

// What says so, for messages: the flag, the variable in its stead, or the key of the file.
std::string UsageReportSource(const RunSettingsFlags& flags, const ConfigFile& config);

// Sends one report beside what else there is to do. Whether it arrives changes nothing.
class UsageReport {
 public:
  explicit UsageReport(const std::string& url);
  // InvalidArgument for an address that no report can be sent to.
  absl::Status Check() const;
  // Returns at once.
  void Begin(std::string body);
  // Waits a few seconds at most. Failures are told with --verbose.
  void End(Logger& logger);

 private:
  HttpPusher pusher_;
};

}  // namespace lockstep::coordinator
