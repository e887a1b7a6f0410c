#include <algorithm>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "common/base/nearest.h"
#include "common/options/catalogue.h"
#include "common/options/consolidate.h"
#include "common/options/duration.h"
#include "common/segment/execution_segment.h"

namespace lockstep {
namespace {

constexpr absl::Duration kShortest = absl::Seconds(1);

using Problems = std::vector<std::string>;

// `problem`, with the key and the value that it is about.
template <class Value>
std::string With(absl::string_view problem, absl::string_view key, const Value& value) {
  return absl::StrCat(problem, " (", key, ": ", value, ")");
}
std::string With(absl::string_view problem, absl::string_view key, absl::Duration value) {
  return With(problem, key, DurationText(value));
}

void CheckVus(int64_t vus, Problems* problems) {
  if (vus <= 0) {
    problems->push_back(With("the number of VUs must be more than 0", "vus", vus));
  } else if (vus > kMostVus) {
    problems->push_back(
        With(absl::StrCat("the number of VUs exceeds max limit of ", kMostVus), "vus", vus));
  }
}

void CheckAtLeastOneSecond(const char* what, absl::Duration duration, Problems* problems) {
  if (duration < kShortest) {
    problems->push_back(
        absl::StrCat("the ", what, " must be at least 1s, but is ", DurationText(duration)));
  }
}

void CheckStages(const std::vector<Stage>& stages, Problems* problems) {
  if (stages.empty()) {
    problems->push_back("at least one stage has to be specified");
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    const auto key = [i](const char* field) { return absl::StrCat("stages[", i, "].", field); };
    if (!stage.duration.has_value()) {
      problems->push_back(absl::StrCat("stage ", i + 1, " doesn't have a duration"));
    } else if (*stage.duration < absl::ZeroDuration()) {
      problems->push_back(With(absl::StrCat("the duration for stage ", i + 1, " can't be negative"),
                               key("duration"), *stage.duration));
    }
    if (!stage.target.has_value()) {
      problems->push_back(absl::StrCat("stage ", i + 1, " doesn't have a target"));
    } else if (*stage.target < 0) {
      problems->push_back(With(absl::StrCat("the target for stage ", i + 1, " can't be negative"),
                               key("target"), *stage.target));
    } else if (*stage.target > kMostVus) {
      problems->push_back(
          With(absl::StrCat("target for stage ", i + 1, " exceeds max limit of ", kMostVus),
               key("target"), *stage.target));
    }
  }
}

void CheckArrivalVus(absl::Duration time_unit, int64_t pre_allocated, int64_t max,
                     Problems* problems) {
  if (time_unit <= absl::ZeroDuration()) {
    problems->push_back(With("the timeUnit must be more than 0", "timeUnit", time_unit));
  }
  if (pre_allocated < 0) {
    problems->push_back(
        With("the number of preAllocatedVUs can't be negative", "preAllocatedVUs", pre_allocated));
  }
  if (max < pre_allocated) {
    problems->push_back(absl::StrCat("maxVUs can't be less than preAllocatedVUs (maxVUs: ", max,
                                     ", preAllocatedVUs: ", pre_allocated, ")"));
  } else if (max > kMostVus) {
    problems->push_back(
        With(absl::StrCat("maxVUs exceeds max limit of ", kMostVus), "maxVUs", max));
  }
}

struct ExecutorCheck {
  Problems* problems;

  void operator()(const SharedIterationsConfig& config) const {
    CheckVus(config.vus, problems);
    if (config.iterations < config.vus) {
      problems->push_back(absl::StrCat("the number of iterations (", config.iterations,
                                       ") can't be less than the number of VUs (", config.vus,
                                       ")"));
    }
    CheckAtLeastOneSecond("maxDuration", config.max_duration, problems);
  }
  void operator()(const PerVuIterationsConfig& config) const {
    CheckVus(config.vus, problems);
    if (config.iterations <= 0) {
      problems->push_back(
          With("the number of iterations must be more than 0", "iterations", config.iterations));
    }
    CheckAtLeastOneSecond("maxDuration", config.max_duration, problems);
  }
  void operator()(const ConstantVusConfig& config) const {
    CheckVus(config.vus, problems);
    if (!Says("duration is unspecified")) {
      CheckAtLeastOneSecond("duration", config.duration, problems);
    }
  }
  void operator()(const RampingVusConfig& config) const {
    if (config.start_vus < 0) {
      problems->push_back(
          With("the number of start VUs can't be negative", "startVUs", config.start_vus));
    } else if (config.start_vus > kMostVus) {
      problems->push_back(With(absl::StrCat("the startVUs exceed max limit of ", kMostVus),
                               "startVUs", config.start_vus));
    }
    const bool any = config.start_vus > 0 ||
                     std::any_of(config.stages.begin(), config.stages.end(),
                                 [](const Stage& stage) { return stage.target.value_or(0) > 0; });
    if (!any) {
      problems->push_back(
          "either startVUs or one of the stages' target values must be greater than 0");
    }
    CheckStages(config.stages, problems);
    if (config.graceful_ramp_down < absl::ZeroDuration()) {
      problems->push_back(With("the gracefulRampDown timeout can't be negative", "gracefulRampDown",
                               config.graceful_ramp_down));
    }
  }
  void operator()(const ConstantArrivalRateConfig& config) const {
    if (config.rate <= 0 && !Says("iteration rate isn't specified")) {
      problems->push_back(With("the iteration rate must be more than 0", "rate", config.rate));
    }
    if (!Says("duration is unspecified")) {
      CheckAtLeastOneSecond("duration", config.duration, problems);
    }
    CheckArrivalVus(config.time_unit, config.pre_allocated_vus, config.max_vus, problems);
  }
  void operator()(const RampingArrivalRateConfig& config) const {
    if (config.start_rate < 0) {
      problems->push_back(
          With("the startRate value can't be negative", "startRate", config.start_rate));
    }
    CheckStages(config.stages, problems);
    CheckArrivalVus(config.time_unit, config.pre_allocated_vus, config.max_vus, problems);
  }
  void operator()(const ExternallyControlledConfig& config) const {
    if (config.vus < 0) {
      problems->push_back(With("the number of VUs can't be negative", "vus", config.vus));
    }
    if (config.max_vus < config.vus) {
      problems->push_back(absl::StrCat(
          "maxVUs (", config.max_vus, ") can't be less than the number of VUs (", config.vus, ")"));
    }
    if (config.max_vus > kMostVus) {
      problems->push_back(
          With(absl::StrCat("maxVUs exceeds max limit of ", kMostVus), "maxVUs", config.max_vus));
    }
    if (config.duration < absl::ZeroDuration()) {
      problems->push_back(With("the duration can't be negative", "duration", config.duration));
    }
  }
  bool Says(absl::string_view text) const {
    return std::any_of(problems->begin(), problems->end(), [text](const std::string& problem) {
      return absl::StrContains(problem, text);
    });
  }
};

// Whether a problem speaks of a field that could not be read, and whose value is none of the
// user's.
bool IsAboutUnread(absl::string_view problem, const std::vector<std::string>& unread) {
  return std::any_of(unread.begin(), unread.end(), [problem](absl::string_view key) {
    absl::ConsumeSuffix(&key, "s");  // "at least one stage", "(vus: 0)"
    return absl::StrContains(absl::AsciiStrToLower(problem), absl::AsciiStrToLower(key));
  });
}

void CheckScenario(const ScenarioConfig& scenario, Problems* errors) {
  Problems problems = scenario.problems;
  if (scenario.name.empty()) {
    problems.push_back("scenario name can't be empty");
  }
  if (!std::all_of(scenario.name.begin(), scenario.name.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
      })) {
    problems.push_back(
        "the scenario name should contain only numbers, latin letters, underscores, and dashes");
  }
  if (scenario.exec.empty()) {
    problems.push_back("exec value cannot be empty");
  }
  if (scenario.start_time < absl::ZeroDuration()) {
    problems.push_back(With("the startTime can't be negative", "startTime", scenario.start_time));
  }
  if (scenario.graceful_stop < absl::ZeroDuration()) {
    problems.push_back(
        With("the gracefulStop timeout can't be negative", "gracefulStop", scenario.graceful_stop));
  }
  std::visit(ExecutorCheck{&problems}, scenario.executor);
  std::erase_if(problems, [&scenario](const std::string& problem) {
    return IsAboutUnread(problem, scenario.unread);
  });
  if (!problems.empty()) {
    errors->push_back(absl::StrCat("scenario ", scenario.name,
                                   " has configuration errors: ", absl::StrJoin(problems, ", ")));
  }
}

void CheckExports(const std::vector<ScenarioConfig>& scenarios,
                  const std::vector<std::string>& exports, Problems* errors) {
  for (const ScenarioConfig& scenario : scenarios) {
    if (!scenario.exec.empty() &&
        std::find(exports.begin(), exports.end(), scenario.exec) == exports.end()) {
      errors->push_back(absl::StrCat("executor ", scenario.name, ": function '", scenario.exec,
                                     "' not found in exports", DidYouMean(scenario.exec, exports)));
    }
  }
  if (exports.empty()) {
    errors->push_back("no exported functions in script");
  }
}

void CheckSegment(const RunOptions& options, Problems* errors) {
  const absl::StatusOr<ExecutionSegment> segment =
      ExecutionSegment::Parse(options.execution_segment);
  const absl::StatusOr<SegmentSequence> sequence =
      SegmentSequence::Parse(options.execution_segment_sequence);
  if (!segment.ok()) {
    errors->push_back(absl::StrCat("executionSegment: ", segment.status().message()));
  }
  if (!sequence.ok()) {
    errors->push_back(absl::StrCat("executionSegmentSequence: ", sequence.status().message()));
  }
  if (!segment.ok() || !sequence.ok()) {
    return;
  }
  const bool has_sequence = !options.execution_segment_sequence.empty();
  const absl::StatusOr<size_t> index =
      has_sequence ? sequence->Find(*segment) : absl::StatusOr<size_t>(0);
  if (!index.ok()) {
    errors->push_back(absl::StrCat("executionSegment: ", index.status().message()));
  } else if (const auto tuple = SegmentTuple::Make(
                 has_sequence ? *sequence : SegmentSequence::Around(*segment), *index);
             !tuple.ok()) {
    errors->push_back(
        absl::StrCat(has_sequence ? "executionSegmentSequence: " : "executionSegment: ",
                     tuple.status().message()));
  }
}

bool IsIp(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsIpWithPort(const std::string& text) {
  const HostAndPort parts = SplitHostPort(text);
  int port = 0;
  return IsIp(text) || (IsIp(std::string(parts.host)) &&
                        (!parts.port.has_value() ||
                         (absl::SimpleAtoi(*parts.port, &port) && port > 0 && port < 65536)));
}

bool IsCidr(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string ip = text.substr(0, slash);
  int bits = 0;
  return IsIp(ip) && (slash == std::string::npos ||
                      (absl::SimpleAtoi(text.substr(slash + 1), &bits) && bits >= 0 &&
                       bits <= (absl::StrContains(ip, ':') ? 128 : 32)));
}

// A name or what ends one: labels of letters, digits, hyphens and underscores, or of what stands for
// them in other scripts than Latin.
bool IsHostName(absl::string_view name) {
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  return std::all_of(labels.begin(), labels.end(), [](absl::string_view label) {
    return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return absl::ascii_isalnum(byte) || c == '-' || c == '_' || !absl::ascii_isascii(byte);
    });
  });
}

void CheckHostPattern(absl::string_view key, const std::string& pattern, absl::string_view form,
                      Problems* errors) {
  absl::string_view name = pattern;
  const bool wild = absl::ConsumePrefix(&name, "*");
  if (absl::StrContains(name, '*')) {
    errors->push_back(absl::StrCat(key, ": invalid hostname pattern \"", pattern,
                                   "\": a wildcard * is only allowed at its start"));
    return;
  }
  const bool any = wild && !absl::ConsumePrefix(&name, ".") && name.empty();
  if (!any && !IsHostName(name) && !IsIp(pattern)) {
    errors->push_back(
        absl::StrCat(key, ": invalid hostname pattern \"", pattern, "\": expected ", form));
  }
}

bool IsTrendStat(absl::string_view text) {
  for (absl::string_view name : {"avg", "min", "med", "max", "count"}) {
    if (text == name) {
      return true;
    }
  }
  double percentile = -1;
  return absl::ConsumePrefix(&text, "p(") && absl::ConsumeSuffix(&text, ")") &&
         absl::SimpleAtod(text, &percentile) && percentile >= 0 && percentile <= 100;
}

}  // namespace

void CheckCount(absl::string_view key, const int64_t& value, StringList* errors) {
  if (value < 0) {
    errors->push_back(absl::StrCat(key, ": invalid value ", value, ": can't be negative"));
  }
}

void CheckPositive(absl::string_view key, const absl::Duration& value, StringList* errors) {
  if (value <= absl::ZeroDuration()) {
    errors->push_back(absl::StrCat(key, " must be positive, but is ", DurationText(value)));
  }
}

void CheckNotNegative(absl::string_view key, const absl::Duration& value, StringList* errors) {
  if (value < absl::ZeroDuration()) {
    errors->push_back(absl::StrCat(key, " can't be negative"));
  }
}

void CheckIpRanges(absl::string_view key, const StringList& ranges, StringList* errors) {
  for (const std::string& range : ranges) {
    if (!IsCidr(range)) {
      errors->push_back(absl::StrCat(key, ": invalid value \"", range,
                                     "\": expected an IP range such as 10.0.0.0/8"));
    }
  }
}

void CheckHostPatterns(absl::string_view key, const StringList& patterns, StringList* errors) {
  for (const std::string& pattern : patterns) {
    CheckHostPattern(key, pattern, "a name such as example.com or *.example.com", errors);
  }
}

void CheckHosts(absl::string_view key, const StringMap& hosts, StringList* errors) {
  for (const auto& [host, ip] : hosts) {
    const HostAndPort parts = SplitHostPort(host);
    int port = 0;
    const bool has_port =
        !IsIp(host) && parts.port.has_value() && absl::SimpleAtoi(*parts.port, &port);
    CheckHostPattern(key, has_port ? std::string(parts.host) : host,
                     "a name such as example.com or *.example.com, with or without a port", errors);
    if (!IsIpWithPort(ip)) {
      errors->push_back(absl::StrCat(key, ".", host, ": invalid value \"", ip,
                                     "\": expected an IP address, with or without a port"));
    }
  }
}

void CheckLocalIps(absl::string_view key, const std::string& ranges, StringList* errors) {
  for (absl::string_view range : absl::StrSplit(ranges, ',', absl::SkipWhitespace())) {
    range = absl::StripAsciiWhitespace(range);
    const std::pair<std::string, std::string> ends = absl::StrSplit(range, absl::MaxSplits('-', 1));
    const bool from_to = absl::StrContains(range, '-');
    if (from_to ? !IsIp(ends.first) || !IsIp(ends.second) : !IsCidr(std::string(range))) {
      errors->push_back(absl::StrCat(key, ": invalid value \"", range,
                                     "\": expected an IP address, a range such as "
                                     "10.0.0.1-10.0.0.9, or 10.0.0.0/28"));
    }
  }
}

void CheckTrendStats(absl::string_view key, const StringList& stats, StringList* errors) {
  for (const std::string& stat : stats) {
    if (!IsTrendStat(stat)) {
      errors->push_back(
          absl::StrCat(key, ": invalid value \"", stat,
                       "\": expected avg, min, med, max, count or p(N) with N from 0 to 100"));
    }
  }
}

std::vector<std::string> Validate(const RunOptions& options,
                                  const std::vector<std::string>* exports) {
  Problems errors;
  for (const ScenarioConfig& scenario : options.scenarios) {
    CheckScenario(scenario, &errors);
  }
  if (exports != nullptr) {
    CheckExports(options.scenarios, *exports, &errors);
  }
  CheckSegment(options, &errors);
  ForEachOption([&](const auto& row) {
    if (row.settled != nullptr && row.check != nullptr) {
      row.check(row.key, options.*row.settled, &errors);
    }
  });
  return errors;
}

}  // namespace lockstep
