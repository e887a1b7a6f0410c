#include "common/options/parse_values.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

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
  const std::optional<std::string> expression = reader.Member("threshold").String();
  if (!expression.has_value()) {
    return std::nullopt;  // what is wrong has been said: an empty expression would be wrong, too
  }
  config.expression = *expression;
  if (reader.Find("abortOnFail") != nullptr) {
    config.abort_on_fail = reader.Member("abortOnFail").Bool().value_or(false);
  }
  if (reader.Find("delayAbortEval") != nullptr) {
    config.delay_abort_eval =
        reader.Member("delayAbortEval").Duration().value_or(absl::ZeroDuration());
  }
  return config;
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

}  // namespace

std::optional<int64_t> OptionValue::Read(As<int64_t>) const {
  if (warnings != nullptr && IsEmptyText(reader.value())) {
    warnings->push_back(absl::StrCat(reader.path(), ": \"\" is treated as not set"));
    return std::nullopt;
  }
  return reader.Int();
}

std::optional<std::string> OptionValue::Read(As<std::string>) const {
  if (choices.empty()) {
    return reader.String();
  }
  const nlohmann::json& value = reader.value();
  if (!otherwise.empty() && value.is_string() &&
      std::find(choices.begin(), choices.end(), value.get_ref<const std::string&>()) ==
          choices.end()) {
    warnings->push_back(absl::StrCat(reader.path(), ": ", ShortText(value), " is taken for \"",
                                     otherwise, "\"; there are ", ListOf(choices)));
    return std::string(otherwise);
  }
  return reader.OneOf(choices);
}

std::optional<HttpErrorsRule> OptionValue::Read(As<HttpErrorsRule>) const {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  HttpErrorsRule rule;
  rule.given = true;
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

std::optional<Thresholds> OptionValue::Read(As<Thresholds>) const {
  if (!reader.RequireObject()) {
    return std::nullopt;
  }
  Thresholds thresholds;
  for (const auto& [metric, value] : reader.value().items()) {
    const ValueReader member = reader.Member(metric);
    std::vector<ThresholdConfig>& list = thresholds[metric];
    // Null is an empty list, as Go's encoding/json has it.
    const size_t count = value.is_array() ? value.size() : value.is_null() ? 0 : 1;
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

std::optional<DnsOptions> OptionValue::Read(As<DnsOptions>) const {
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

std::optional<TlsVersions> OptionValue::Read(As<TlsVersions>) const {
  if (reader.value().is_string()) {
    const std::string name = ReadTlsName(reader).value_or("");
    return std::pair(name, name);
  }
  if (!reader.value().is_object()) {
    reader.Expected("a version such as \"tls1.2\", or {min, max}");
    return std::nullopt;
  }
  reader.RefuseUnknown({"min", "max"});
  TlsVersions version{"tls1.0", "tls1.3"};
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

std::optional<std::vector<TlsAuth>> OptionValue::Read(As<std::vector<TlsAuth>>) const {
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
      auth.domains = element.Member("domains").StringList().value_or(lockstep::StringList());
    }
  }
  return list;
}

}  // namespace lockstep
