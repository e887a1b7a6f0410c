// The options of a test, as one value. Filled tier by tier (defaults < lockstep.yaml < script <
// environment < flags), consolidated into scenarios, validated with all errors at once, and sent to
// agents as canonical JSON.
//
// An option that no tier sets stays empty in Options, so that a higher tier can be told from a
// default; RunOptions are what a run reads, with a value for each. options.inc lists the options.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace lockstep {

// The most VUs that an option may ask for, as in k6.
inline constexpr int64_t kMostVus = 100'000'000;

// One straight piece of a ramp: `target` is reached at the end of `duration`; a zero duration is a
// jump.
struct Stage {
  std::optional<absl::Duration> duration;
  std::optional<int64_t> target;
  friend bool operator==(const Stage&, const Stage&) = default;
};

struct SharedIterationsConfig {
  int64_t vus = 1;
  int64_t iterations = 1;
  absl::Duration max_duration = absl::Minutes(10);
};
struct PerVuIterationsConfig {
  int64_t vus = 1;
  int64_t iterations = 1;  // of each VU
  absl::Duration max_duration = absl::Minutes(10);
};
struct ConstantVusConfig {
  int64_t vus = 1;
  absl::Duration duration;
};
struct RampingVusConfig {
  int64_t start_vus = 1;
  std::vector<Stage> stages;
  absl::Duration graceful_ramp_down = absl::Seconds(30);
};
struct ConstantArrivalRateConfig {
  int64_t rate = 0;  // iterations per time_unit
  absl::Duration time_unit = absl::Seconds(1);
  absl::Duration duration;
  int64_t pre_allocated_vus = 0;
  int64_t max_vus = 0;  // >= pre_allocated_vus
};
struct RampingArrivalRateConfig {
  int64_t start_rate = 0;  // iterations per time_unit
  absl::Duration time_unit = absl::Seconds(1);
  std::vector<Stage> stages;  // targets are rates per time_unit
  int64_t pre_allocated_vus = 0;
  int64_t max_vus = 0;
};
struct ExternallyControlledConfig {
  int64_t vus = 0;
  int64_t max_vus = 0;
  absl::Duration duration;  // zero: until stopped
};
using ExecutorConfig =
    std::variant<SharedIterationsConfig, PerVuIterationsConfig, ConstantVusConfig, RampingVusConfig,
                 ConstantArrivalRateConfig, RampingArrivalRateConfig, ExternallyControlledConfig>;

// "shared-iterations", "constant-vus", ...: the executor's name in k6's options of today.
const char* ExecutorTypeName(const ExecutorConfig& config);

struct ScenarioConfig {
  std::string name;  // ^[0-9a-zA-Z_-]+$
  std::string exec = "default";
  absl::Duration start_time = absl::ZeroDuration();
  absl::Duration graceful_stop = absl::Seconds(30);
  std::vector<std::pair<std::string, std::string>> env;   // over __ENV
  std::vector<std::pair<std::string, std::string>> tags;  // over the test's tags
  ExecutorConfig executor;
  // The names of the fields that somebody has set, of these and of the executor's.
  std::vector<std::string> given;
  // What reading it found missing ("the duration is unspecified"): Validate reports it. Empty in
  // options that are fit to run.
  std::vector<std::string> problems;
  // The fields that could not be read, of which Validate knows nothing. Likewise.
  std::vector<std::string> unread;
};

struct ThresholdConfig {
  std::string expression;  // "p(95)<500"
  bool abort_on_fail = false;
  absl::Duration delay_abort_eval = absl::ZeroDuration();
};

struct DnsOptions {
  enum class Select { kFirst, kRandom, kRoundRobin };
  enum class Policy { kPreferIPv4, kPreferIPv6, kOnlyIPv4, kOnlyIPv6, kAny };
  absl::Duration ttl = absl::Minutes(5);  // zero: ask each time; infinite: ask once
  Select select = Select::kRandom;
  Policy policy = Policy::kPreferIPv4;
};

struct TlsAuth {
  std::string cert, key, password;   // PEM texts
  std::vector<std::string> domains;  // empty: all
};

// Which responses count as errors, for http_reqs_errors and http_req_duration_errors.
struct HttpErrorsRule {
  std::vector<std::pair<int, int>> status = {{400, 999}};  // inclusive ranges
  std::vector<int> exclude;
  bool given = false;  // by the option; otherwise the script's response callback decides

  // By the rule alone; transport failures (status 0) always count.
  bool Matches(int http_status) const;
  // `expected`: as the response callback says; nothing: there is none, and the rule decides.
  bool Counts(int http_status, std::optional<bool> expected) const {
    return given || !expected.has_value() ? Matches(http_status) : !*expected;
  }
};

using StringList = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;
using Thresholds = std::map<std::string, std::vector<ThresholdConfig>>;  // by metric
using TlsVersions = std::pair<std::string, std::string>;                 // min, max: "tls1.2"

StringList DefaultSystemTags();  // see system_tags.h
StringList DefaultTrendStats();
std::string DefaultUserAgent();

// What the tiers say. Empty: not set.
struct Options {
#define SHORTCUT(type, member, ...) std::optional<type> member;
#define OPTION(type, member, initial, ...) std::optional<type> member;
#include "common/options/options.inc"
};

// What a run does: consolidated, so without shortcuts, and with the default for what nobody set.
struct RunOptions {
#define SHORTCUT(type, member, ...)
#define OPTION(type, member, initial, ...) type member = initial;
#include "common/options/options.inc"
  // Somebody has set `max_redirects`: a request that reaches the default is worth a warning.
  bool max_redirects_given = false;
};

}  // namespace lockstep
