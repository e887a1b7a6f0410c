#include "coordinator/output/sink_settings.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"
#include "common/base/read_file.h"
#include "common/options/duration.h"
#include "common/options/tiers.h"
#include "coordinator/fetch/http_pusher.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kUrl = "http://host:port or https://host:port, with a path or without";

constexpr absl::string_view kVariables[] = {
    "CSV_FILENAME",
    "CSV_SAVE_INTERVAL",
    "CSV_TIME_FORMAT",
    "INFLUXDB_ADDR",
    "INFLUXDB_BUCKET",
    "INFLUXDB_CONCURRENT_WRITES",
    "INFLUXDB_CONSISTENCY",
    "INFLUXDB_DB",
    "INFLUXDB_INSECURE",
    "INFLUXDB_ORGANIZATION",
    "INFLUXDB_PASSWORD",
    "INFLUXDB_PAYLOAD_SIZE",
    "INFLUXDB_PRECISION",
    "INFLUXDB_PROXY",
    "INFLUXDB_PUSH_INTERVAL",
    "INFLUXDB_RETENTION",
    "INFLUXDB_TAGS_AS_FIELDS",
    "INFLUXDB_TOKEN",
    "INFLUXDB_USERNAME",
    "OTEL_EXPORTER_PROTOCOL",
    "OTEL_EXPORT_INTERVAL",
    "OTEL_FLUSH_INTERVAL",
    "OTEL_GRPC_EXPORTER_ENDPOINT",
    "OTEL_HEADERS",
    "OTEL_HTTP_EXPORTER_ENDPOINT",
    "OTEL_HTTP_EXPORTER_INSECURE",
    "OTEL_HTTP_EXPORTER_PASSWORD",
    "OTEL_HTTP_EXPORTER_URL_PATH",
    "OTEL_HTTP_EXPORTER_USERNAME",
    "OTEL_METRIC_PREFIX",
    "OTEL_SERVICE_NAME",
    "OTEL_SERVICE_VERSION",
    "OTEL_TLS_CLIENT_CERTIFICATE",
    "OTEL_TLS_CLIENT_KEY",
    "OTEL_TLS_INSECURE_SKIP_VERIFY",
    "PROMETHEUS_RW_BEARER_TOKEN",
    "PROMETHEUS_RW_CLIENT_CERTIFICATE",
    "PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY",
    "PROMETHEUS_RW_HTTP_HEADERS",
    "PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY",
    "PROMETHEUS_RW_PASSWORD",
    "PROMETHEUS_RW_PUSH_INTERVAL",
    "PROMETHEUS_RW_SERVER_URL",
    "PROMETHEUS_RW_SIGV4_REGION",
    "PROMETHEUS_RW_STALE_MARKERS",
    "PROMETHEUS_RW_TLS_MINIMUM_VERSION",
    "PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM",
    "PROMETHEUS_RW_TREND_STATS",
    "PROMETHEUS_RW_USERNAME",
    "STATSD_ADDR",
    "STATSD_BUFFER_SIZE",
    "STATSD_ENABLE_TAGS",
    "STATSD_NAMESPACE",
    "STATSD_PUSH_INTERVAL",
    "STATSD_TAG_BLOCKLIST",
};

// What stands before an @ may be a password.
absl::string_view WithoutPassword(absl::string_view url) {
  return url.substr(url.rfind('@') + 1);
}

}  // namespace

absl::Span<const absl::string_view> SinkVariables() {
  return kVariables;
}

SinkSettings::SinkSettings(const OutputContext& context, absl::string_view prefix)
    : context_(context), prefix_(prefix) {}

std::optional<std::string> SinkSettings::Find(absl::string_view name) {
  const std::string variable = absl::StrCat(prefix_, "_", name);
  LOCKSTEP_DCHECK(std::find(std::begin(kVariables), std::end(kVariables), variable) !=
                  std::end(kVariables));
  const std::optional<Setting> found = FindSetting(context_.environment, variable);
  return found.has_value() ? std::make_optional(found->value) : std::nullopt;
}

std::vector<std::string> SinkSettings::HeaderVariables(absl::string_view stem) {
  std::map<std::string, std::string> headers;
  for (absl::string_view product : {"K6_", "LOCKSTEP_"}) {
    const std::string begin = absl::StrCat(product, prefix_, "_", stem, "_");
    for (const auto& [name, value] : context_.environment) {
      if (absl::StartsWith(name, begin) && name.size() > begin.size()) {
        headers[name.substr(begin.size())] = value;
      }
    }
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : headers) {
    if (value.find_first_of("\r\n") != std::string::npos) {
      Refuse(absl::StrCat(stem, "_", name), value, "a value of one line");
    } else {
      lines.push_back(absl::StrCat(name, ": ", value));
    }
  }
  return lines;
}

std::string SinkSettings::Address(absl::string_view argument, absl::string_view name,
                                  absl::string_view fallback) {
  address_ = argument.empty() ? Text(name, fallback) : std::string(argument);
  address_place_ = argument.empty() ? absl::StrCat(VariableOf(name), ": ") : "";
  return address_;
}

void SinkSettings::CheckAddress(const std::string& url) {
  if (!IsServerUrl(url)) {
    errors_.push_back(absl::StrCat(address_place_, "invalid value \"", WithoutPassword(address_),
                                   "\": expected ", kUrl));
  }
}

std::string SinkSettings::Text(absl::string_view name, absl::string_view fallback) {
  return Find(name).value_or(std::string(fallback));
}

std::string SinkSettings::File(absl::string_view name) {
  std::string path = Text(name, "");
  if (path.empty()) {
    return path;
  }
  if (const absl::StatusOr<std::string> content = ReadFile(path); !content.ok()) {
    Refuse(name, path, absl::StrCat("a file that can be read: ", content.status().message()));
  }
  return path;
}

bool SinkSettings::Bool(absl::string_view name, bool fallback) {
  const std::optional<std::string> text = Find(name);
  if (!text) {
    return fallback;
  }
  bool value = fallback;
  if (!absl::SimpleAtob(*text, &value)) {
    Refuse(name, *text, "true or false");
  }
  return value;
}

absl::Duration SinkSettings::Duration(absl::string_view name, absl::Duration fallback) {
  const std::optional<std::string> text = Find(name);
  if (!text) {
    return fallback;
  }
  const absl::StatusOr<absl::Duration> value = ParseDuration(*text);
  if (!value.ok() || *value <= absl::ZeroDuration()) {
    Refuse(name, *text, "a duration above 0, such as 5s");
    return fallback;
  }
  return *value;
}

int64_t SinkSettings::Int(absl::string_view name, int64_t fallback, int64_t least) {
  const std::optional<std::string> text = Find(name);
  int64_t value = fallback;
  if (text && (!absl::SimpleAtoi(*text, &value) || value < least)) {
    Refuse(name, *text, absl::StrCat("an integer, at least ", least));
    return fallback;
  }
  return value;
}

std::vector<std::string> SinkSettings::List(absl::string_view name,
                                            std::vector<std::string> fallback) {
  const std::optional<std::string> text = Find(name);
  if (!text) {
    return fallback;
  }
  std::vector<std::string> items;
  for (absl::string_view item : absl::StrSplit(*text, ',', absl::SkipWhitespace())) {
    items.emplace_back(absl::StripAsciiWhitespace(item));
  }
  return items;
}

std::vector<std::string> SinkSettings::Headers(absl::string_view name, char separator) {
  std::vector<std::string> headers;
  for (const std::string& item : List(name, {})) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(item, absl::MaxSplits(separator, 1));
    const absl::string_view key = absl::StripAsciiWhitespace(pair.first);
    if (key.empty() || item.find(separator) == std::string::npos ||
        item.find_first_of("\r\n") != std::string::npos) {
      Refuse(name, item, absl::StrCat("name", std::string(1, separator), "value"));
      continue;
    }
    headers.push_back(absl::StrCat(key, ": ", absl::StripAsciiWhitespace(pair.second)));
  }
  return headers;
}

std::string SinkSettings::VariableOf(absl::string_view name) const {
  const std::string setting = absl::StrCat(prefix_, "_", name);
  const std::optional<Setting> found = FindSetting(context_.environment, setting);
  return found.has_value() ? found->source : absl::StrCat("K6_", setting);
}

void SinkSettings::Refuse(absl::string_view name, absl::string_view value,
                          absl::string_view allowed) {
  errors_.push_back(
      absl::StrCat(VariableOf(name), ": invalid value \"", value, "\": expected ", allowed));
}

absl::Status SinkSettings::status() const {
  return errors_.empty() ? absl::OkStatus()
                         : absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
}

}  // namespace lockstep::coordinator
