// What is wrong with the values of options, and of their scenarios.
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
#include "common/base/http_token.h"
#include "common/base/nearest.h"
#include "common/base/visible.h"
#include "common/options/catalogue.h"
#include "common/options/check_scenario.h"
#include "common/options/chosen_segment.h"
#include "common/options/consolidate.h"
#include "common/options/duration.h"

namespace lockstep {
namespace {

using Problems = std::vector<std::string>;

void CheckScenario(const ScenarioConfig& scenario, Problems* errors) {
  const std::vector<std::string> mistakes = ScenarioMistakes(scenario);
  if (!mistakes.empty()) {
    errors->push_back(absl::StrCat(scenario.places, "scenario ", scenario.name,
                                   " has configuration errors: ", absl::StrJoin(mistakes, ", ")));
  }
}

void CheckExports(const std::vector<ScenarioConfig>& scenarios,
                  const std::vector<std::string>& exports, Problems* errors) {
  for (const ScenarioConfig& scenario : scenarios) {
    if (!scenario.exec.empty() &&
        std::find(exports.begin(), exports.end(), scenario.exec) == exports.end()) {
      const bool wanted =
          std::find(scenario.given.begin(), scenario.given.end(), "exec") != scenario.given.end();
      errors->push_back(absl::StrCat(wanted ? scenario.places : "", "executor ", scenario.name,
                                     ": function '", scenario.exec, "' not found in exports",
                                     DidYouMean(scenario.exec, exports)));
    }
  }
  if (exports.empty()) {
    errors->push_back("no exported functions in script");
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

// A name or what ends one: labels of letters, digits, hyphens and underscores, or of what stands
// for them in other scripts than Latin.
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
    errors->push_back(
        absl::StrCat(key, ": invalid value ", DurationText(value), ": must be positive"));
  }
}

void CheckNotNegative(absl::string_view key, const absl::Duration& value, StringList* errors) {
  if (value < absl::ZeroDuration()) {
    errors->push_back(
        absl::StrCat(key, ": invalid value ", DurationText(value), ": can't be negative"));
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

void CheckHeaderValue(absl::string_view key, const std::string& value, StringList* errors) {
  if (!IsHeaderValue(value)) {
    errors->push_back(absl::StrCat(key, ": invalid value ", Quoted(value),
                                   ": expected a text without line breaks"));
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
  if (stats.empty()) {
    errors->push_back(absl::StrCat(
        key, ": invalid value \"\": expected at least one of avg, min, med, max, count and p(N)"));
  }
  for (const std::string& stat : stats) {
    if (!IsTrendStat(stat)) {
      errors->push_back(
          absl::StrCat(key, ": invalid value \"", stat,
                       "\": expected avg, min, med, max, count or p(N) with N from 0 to 100"));
    }
  }
}

void CheckSegment(absl::string_view key, const std::string& segment, StringList* errors) {
  if (const auto parsed = ExecutionSegment::Parse(segment); !parsed.ok()) {
    errors->push_back(absl::StrCat(key, ": ", parsed.status().message()));
  }
}

void CheckSegmentSequence(absl::string_view key, const std::string& sequence, StringList* errors) {
  if (const auto parsed = SegmentSequence::Parse(sequence); !parsed.ok()) {
    errors->push_back(absl::StrCat(key, ": ", parsed.status().message()));
  }
}

std::vector<std::string> Validate(const RunOptions& options,
                                  const std::vector<std::string>* exports,
                                  const OptionSources& sources) {
  Problems errors;
  for (const ScenarioConfig& scenario : options.scenarios) {
    CheckScenario(scenario, &errors);
  }
  if (exports != nullptr) {
    CheckExports(options.scenarios, *exports, &errors);
  }
  ChooseSegment(options, &errors, sources);
  Problems unfit;
  ForEachOption([&](const auto& row) {
    if (row.settled != nullptr && row.check != nullptr) {
      row.check(NameOf(row.key, sources), options.*row.settled, &unfit);
    }
  });
  for (std::string& error : unfit) {
    if (std::find(errors.begin(), errors.end(), error) == errors.end()) {  // of a segment
      errors.push_back(std::move(error));
    }
  }
  return errors;
}

}  // namespace lockstep
