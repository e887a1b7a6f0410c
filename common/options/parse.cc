#include "common/options/parse.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/options/duration.h"
#include "common/options/parse_scenario.h"
#include "common/options/value_reader.h"

namespace lockstep {
namespace {

constexpr int kLowestStatus = 1;
constexpr int kHighestStatus = 999;
constexpr absl::string_view kStatusAllowed =
    "a comparison such as \">=400\", a range such as \"400-599\", a status from 100 to 999, or a "
    "list of them";

std::optional<int> StatusNumber(absl::string_view text) {
  int number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 100 || number > kHighestStatus) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::pair<int, int>> StatusRange(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  for (absl::string_view op : {">=", "<=", "==", ">", "<", "="}) {
    if (!absl::ConsumePrefix(&text, op)) {
      continue;
    }
    const std::optional<int> limit = StatusNumber(absl::StripLeadingAsciiWhitespace(text));
    if (!limit.has_value()) {
      return std::nullopt;
    }
    if (op[0] == '>') {
      return std::pair(op == ">" ? *limit + 1 : *limit, kHighestStatus);
    }
    if (op[0] == '<') {
      return std::pair(kLowestStatus, op == "<" ? *limit - 1 : *limit);
    }
    return std::pair(*limit, *limit);
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('-', 1));
  const std::optional<int> from = StatusNumber(absl::StripAsciiWhitespace(parts.first));
  const std::optional<int> to =
      absl::StrContains(text, '-') ? StatusNumber(absl::StripAsciiWhitespace(parts.second)) : from;
  if (!from.has_value() || !to.has_value() || *from > *to) {
    return std::nullopt;
  }
  return std::pair(*from, *to);
}

void ReadStatuses(const ValueReader& reader, std::vector<std::pair<int, int>>* ranges) {
  const nlohmann::json& value = reader.value();
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i].is_array()) {
        reader.Element(i).Expected(kStatusAllowed);
      } else {
        ReadStatuses(reader.Element(i), ranges);
      }
    }
    return;
  }
  std::optional<std::pair<int, int>> range;
  if (value.is_string()) {
    range = StatusRange(value.get_ref<const std::string&>());
  } else if (value.is_number_integer()) {
    range = StatusRange(value.dump());
  }
  if (range.has_value()) {
    ranges->push_back(*range);
  } else {
    reader.Expected(kStatusAllowed);
  }
}

void ReadExcluded(const ValueReader& reader, std::vector<int>* excluded) {
  if (reader.value().is_array()) {
    for (size_t i = 0; i < reader.value().size(); ++i) {
      const ValueReader element = reader.Element(i);
      if (element.value().is_array()) {
        element.Expected("a status from 100 to 999");
      } else {
        ReadExcluded(element, excluded);
      }
    }
    return;
  }
  const std::optional<int> status = reader.value().is_number_integer()
                                        ? StatusNumber(reader.value().dump())
                                        : std::optional<int>();
  if (status.has_value()) {
    excluded->push_back(*status);
  } else {
    reader.Expected("a status from 100 to 999, or a list of them");
  }
}

std::optional<HttpErrorsRule> ReadHttpErrors(const ValueReader& reader) {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  HttpErrorsRule rule;
  reader.RefuseUnknown({"status", "exclude"});
  if (reader.Find("status") != nullptr) {
    rule.status.clear();
    ReadStatuses(reader.Member("status"), &rule.status);
  }
  if (reader.Find("exclude") != nullptr) {
    ReadExcluded(reader.Member("exclude"), &rule.exclude);
  }
  return rule;
}

std::optional<ThresholdConfig> ReadThreshold(const ValueReader& reader) {
  ThresholdConfig config;
  if (reader.value().is_string()) {
    config.expression = reader.value().get<std::string>();
    return config;
  }
  if (!reader.value().is_object() || reader.Find("threshold") == nullptr) {
    reader.Expected("a string such as \"p(95)<500\" or {threshold, abortOnFail, delayAbortEval}");
    return std::nullopt;
  }
  reader.RefuseUnknown({"threshold", "abortOnFail", "delayAbortEval"});
  config.expression = reader.Member("threshold").String().value_or("");
  if (reader.Find("abortOnFail") != nullptr) {
    config.abort_on_fail = reader.Member("abortOnFail").Bool().value_or(false);
  }
  if (reader.Find("delayAbortEval") != nullptr) {
    config.delay_abort_eval =
        reader.Member("delayAbortEval").Duration().value_or(absl::ZeroDuration());
  }
  return config;
}

std::optional<std::map<std::string, std::vector<ThresholdConfig>>> ReadThresholds(
    const ValueReader& reader) {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  std::map<std::string, std::vector<ThresholdConfig>> thresholds;
  for (const auto& [metric, value] : reader.value().items()) {
    const ValueReader member = reader.Member(metric);
    std::vector<ThresholdConfig>& list = thresholds[metric];
    const size_t count = value.is_array() ? value.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      std::optional<ThresholdConfig> config =
          ReadThreshold(value.is_array() ? member.Element(i) : member);
      if (config.has_value()) {
        list.push_back(*std::move(config));
      }
    }
  }
  return thresholds;
}

std::optional<DnsOptions> ReadDns(const ValueReader& reader) {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  DnsOptions dns;
  reader.RefuseUnknown({"ttl", "select", "policy"});
  if (const nlohmann::json* ttl = reader.Find("ttl"); ttl != nullptr) {
    dns.ttl = *ttl == "inf" ? absl::InfiniteDuration()
                            : reader.Member("ttl").Duration().value_or(dns.ttl);
    if (dns.ttl < absl::ZeroDuration()) {
      reader.Member("ttl").Expected("a duration that is not negative, or \"inf\"");
    }
  }
  if (reader.Find("select") != nullptr) {
    const std::optional<std::string> select =
        reader.Member("select").OneOf({"first", "random", "roundRobin"});
    dns.select = select == "first"        ? DnsOptions::Select::kFirst
                 : select == "roundRobin" ? DnsOptions::Select::kRoundRobin
                                          : DnsOptions::Select::kRandom;
  }
  if (reader.Find("policy") != nullptr) {
    const std::optional<std::string> policy =
        reader.Member("policy").OneOf({"preferIPv4", "preferIPv6", "onlyIPv4", "onlyIPv6", "any"});
    dns.policy = policy == "preferIPv6" ? DnsOptions::Policy::kPreferIPv6
                 : policy == "onlyIPv4" ? DnsOptions::Policy::kOnlyIPv4
                 : policy == "onlyIPv6" ? DnsOptions::Policy::kOnlyIPv6
                 : policy == "any"      ? DnsOptions::Policy::kAny
                                        : DnsOptions::Policy::kPreferIPv4;
  }
  return dns;
}

std::optional<std::string> ReadTlsName(const ValueReader& reader) {
  std::optional<std::string> name = reader.String();
  if (name.has_value() && *name != "tls1.0" && *name != "tls1.1" && *name != "tls1.2" &&
      *name != "tls1.3") {
    reader.Fail(
        absl::StrCat("unknown TLS version '", *name, "'; allowed: tls1.0, tls1.1, tls1.2, tls1.3"));
    return std::nullopt;
  }
  return name;
}

std::optional<std::pair<std::string, std::string>> ReadTlsVersion(const ValueReader& reader) {
  if (reader.value().is_string()) {
    const std::string name = ReadTlsName(reader).value_or("");
    return std::pair(name, name);
  }
  if (!reader.value().is_object()) {
    reader.Expected("a version such as \"tls1.2\", or {min, max}");
    return std::nullopt;
  }
  reader.RefuseUnknown({"min", "max"});
  std::pair<std::string, std::string> version{"tls1.0", "tls1.3"};
  if (reader.Find("min") != nullptr) {
    version.first = ReadTlsName(reader.Member("min")).value_or(version.first);
  }
  if (reader.Find("max") != nullptr) {
    version.second = ReadTlsName(reader.Member("max")).value_or(version.second);
  }
  if (version.first > version.second) {
    reader.Fail(absl::StrCat("min ", version.first, " is above max ", version.second));
  }
  return version;
}

std::optional<std::vector<TlsAuth>> ReadTlsAuth(const ValueReader& reader) {
  if (!reader.RequireArray()) {
    return std::nullopt;
  }
  std::vector<TlsAuth> list;
  for (size_t i = 0; i < reader.value().size(); ++i) {
    const ValueReader element = reader.Element(i);
    if (!element.RequireObject()) {
      continue;
    }
    element.RefuseUnknown({"cert", "key", "password", "domains"});
    TlsAuth& auth = list.emplace_back();
    const auto read = [&element](const std::string& key, std::string* target) {
      if (element.Find(key) != nullptr) {
        *target = element.Member(key).String().value_or("");
      }
    };
    read("cert", &auth.cert);
    read("key", &auth.key);
    read("password", &auth.password);
    if (element.Find("domains") != nullptr) {
      auth.domains = element.Member("domains").StringList().value_or(std::vector<std::string>());
    }
  }
  return list;
}

std::optional<std::vector<ScenarioConfig>> ReadScenariosOption(const ValueReader& reader) {
  return ReadScenarios(reader);
}

std::optional<std::string> ReadHttpDebug(const ValueReader& reader) {
  return reader.OneOf({"", "headers", "full"});
}
std::optional<std::string> ReadTimeUnit(const ValueReader& reader) {
  return reader.OneOf({"s", "ms", "us"});
}
std::optional<nlohmann::json> ReadJson(const ValueReader& reader) {
  return reader.value();
}

using OptionReader = void (*)(const ValueReader& reader, Options* options);

template <auto kMember, auto kRead>
void Set(const ValueReader& reader, Options* options) {
  if constexpr (std::is_member_function_pointer_v<decltype(kRead)>) {
    options->*kMember = (reader.*kRead)();
  } else {
    options->*kMember = kRead(reader);
  }
}

struct OptionEntry {
  absl::string_view key;
  OptionReader read;
};

constexpr OptionEntry kOptions[] = {
    {"paused", Set<&Options::paused, &ValueReader::Bool>},
    {"vus", Set<&Options::vus, &ValueReader::Int>},
    {"duration", Set<&Options::duration, &ValueReader::Duration>},
    {"iterations", Set<&Options::iterations, &ValueReader::Int>},
    {"stages", Set<&Options::stages, ReadStages>},
    {"scenarios", Set<&Options::scenarios, ReadScenariosOption>},
    {"execution", Set<&Options::scenarios, ReadScenariosOption>},
    {"executionSegment", Set<&Options::execution_segment, &ValueReader::String>},
    {"executionSegmentSequence", Set<&Options::execution_segment_sequence, &ValueReader::String>},
    {"noSetup", Set<&Options::no_setup, &ValueReader::Bool>},
    {"noTeardown", Set<&Options::no_teardown, &ValueReader::Bool>},
    {"setupTimeout", Set<&Options::setup_timeout, &ValueReader::Duration>},
    {"teardownTimeout", Set<&Options::teardown_timeout, &ValueReader::Duration>},
    {"handleSummaryTimeout", Set<&Options::handle_summary_timeout, &ValueReader::Duration>},
    {"rps", Set<&Options::rps, &ValueReader::Int>},
    {"dns", Set<&Options::dns, ReadDns>},
    {"maxRedirects", Set<&Options::max_redirects, &ValueReader::Int>},
    {"userAgent", Set<&Options::user_agent, &ValueReader::String>},
    {"batch", Set<&Options::batch, &ValueReader::Int>},
    {"batchPerHost", Set<&Options::batch_per_host, &ValueReader::Int>},
    {"httpDebug", Set<&Options::http_debug, ReadHttpDebug>},
    {"insecureSkipTLSVerify", Set<&Options::insecure_skip_tls_verify, &ValueReader::Bool>},
    {"tlsCipherSuites", Set<&Options::tls_cipher_suites, &ValueReader::StringList>},
    {"tlsVersion", Set<&Options::tls_version, ReadTlsVersion>},
    {"tlsAuth", Set<&Options::tls_auth, ReadTlsAuth>},
    {"throw", Set<&Options::throw_on_error, &ValueReader::Bool>},
    {"thresholds", Set<&Options::thresholds, ReadThresholds>},
    {"blacklistIPs", Set<&Options::blacklist_ips, &ValueReader::StringList>},
    {"blockHostnames", Set<&Options::block_hostnames, &ValueReader::StringList>},
    {"hosts", Set<&Options::hosts, &ValueReader::StringMap>},
    {"noConnectionReuse", Set<&Options::no_connection_reuse, &ValueReader::Bool>},
    {"noVUConnectionReuse", Set<&Options::no_vu_connection_reuse, &ValueReader::Bool>},
    {"minIterationDuration", Set<&Options::min_iteration_duration, &ValueReader::Duration>},
    {"summaryTrendStats", Set<&Options::summary_trend_stats, &ValueReader::StringList>},
    {"summaryTimeUnit", Set<&Options::summary_time_unit, ReadTimeUnit>},
    {"systemTags", Set<&Options::system_tags, &ValueReader::StringList>},
    {"tags", Set<&Options::tags, &ValueReader::StringMap>},
    {"metricSamplesBufferSize", Set<&Options::metric_samples_buffer_size, &ValueReader::Int>},
    {"noCookiesReset", Set<&Options::no_cookies_reset, &ValueReader::Bool>},
    {"discardResponseBodies", Set<&Options::discard_response_bodies, &ValueReader::Bool>},
    {"consoleOutput", Set<&Options::console_output, &ValueReader::String>},
    {"localIPs", Set<&Options::local_ips, &ValueReader::String>},
    {"httpErrors", Set<&Options::http_errors, ReadHttpErrors>},
    {"http2PriorKnowledge", Set<&Options::http2_prior_knowledge, &ValueReader::Bool>},
    {"intendedLatency", Set<&Options::intended_latency, &ValueReader::Bool>},
    {"cloud", Set<&Options::cloud, ReadJson>},
    {"ext", Set<&Options::ext, ReadJson>},
};

}  // namespace

bool ParseOption(absl::string_view key, const nlohmann::json& value, absl::string_view label,
                 ParsedOptions* parsed) {
  for (const OptionEntry& option : kOptions) {
    if (option.key == key) {
      if (!value.is_null()) {
        option.read(ValueReader(value, std::string(label), &parsed->errors), &parsed->options);
      }
      return true;
    }
  }
  return false;
}

ParsedOptions ParseOptionsObject(const nlohmann::json& object, absl::string_view source) {
  ParsedOptions parsed;
  if (object.is_null()) {
    return parsed;
  }
  if (!object.is_object()) {
    parsed.errors.push_back(
        absl::StrCat("options: invalid value ", ShortText(object), ": expected an object"));
    return parsed;
  }
  std::vector<std::string> unknown;
  for (const auto& [key, value] : object.items()) {
    if (!ParseOption(key, value, key, &parsed)) {
      unknown.push_back(key);
    }
  }
  const auto given = [&object](const char* key) {
    return object.contains(key) && !object[key].is_null();
  };
  if (given("scenarios") && given("execution")) {
    parsed.errors.push_back(
        "execution: `scenarios` and `execution` are two names of one option; give one of them");
  }
  if (parsed.options.ext.has_value() && parsed.options.ext->is_object() &&
      parsed.options.ext->contains("loadimpact")) {
    parsed.warnings.push_back(
        "ext: \"loadimpact\" has no effect; k6 has dropped it for the option `cloud`");
  }
  if (!unknown.empty()) {
    parsed.warnings.push_back(
        absl::StrCat("There were unknown fields in ", source, ": ", absl::StrJoin(unknown, ", ")));
  }
  return parsed;
}

ParsedOptions ParseScriptOptions(absl::string_view json_text) {
  if (json_text.empty()) {
    return {};
  }
  const nlohmann::json object =
      nlohmann::json::parse(json_text.begin(), json_text.end(), nullptr, false);
  if (object.is_discarded()) {
    ParsedOptions parsed;
    parsed.errors.push_back("options: what the script exports cannot be written as JSON");
    return parsed;
  }
  return ParseOptionsObject(object, "the options exported in the script");
}

absl::Status ConfigurationStatus(const std::vector<std::string>& errors) {
  if (errors.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("There were problems with the specified script configuration:\n\t- ",
                   absl::StrJoin(errors, "\n\t- ")));
}

}  // namespace lockstep
