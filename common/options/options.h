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

// An executor's settings: SharedIterationsConfig, ConstantVusConfig, ... executors.inc lists them.
#define SETTING(type, member, initial, ...) type member = initial;
#define EXECUTOR(Type, name, settings) \
  struct Type##Config {                \
    settings                           \
  };
#include "common/options/executors.inc"

template <class, class... Configs>
using VariantOf = std::variant<Configs...>;
// clang-format off
using ExecutorConfig = VariantOf<void
#define SETTING(...)
#define EXECUTOR(Type, ...) , Type##Config
#include "common/options/executors.inc"
    >;
// clang-format on

// "shared-iterations", "constant-vus", ...: the executor's name in k6's options of today.
const char* ExecutorTypeName(const ExecutorConfig& config);

// A field that must be given and is not: "duration", "the duration is unspecified".
struct MissingField {
  std::string key;
  std::string text;
  friend bool operator==(const MissingField&, const MissingField&) = default;
};

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
  // What reading it found missing, and what says so: Validate reports it. Empty in options that are
  // fit to run.
  std::vector<MissingField> missing;
  // The fields that could not be read, of which Validate knows nothing. Likewise.
  std::vector<std::string> unread;
  // What messages about it begin with, unless it stands in a script: "--vus: ", "lockstep.yaml:
  // scenarios: ".
  std::string places;
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
