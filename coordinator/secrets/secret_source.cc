#include "coordinator/secrets/secret_source.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/options/duration.h"
#include "common/options/tiers.h"
#include "coordinator/fetch/http_place.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostSourceBytes = size_t{16} << 20;
constexpr int64_t kMostSetting = 1'000'000;
constexpr absl::string_view kHeaderPrefix = "headers.";
constexpr absl::string_view kPlaceholder = "{key}";

// "a=b" of one part; without "=" the second is not there.
struct Part {
  std::string key;
  std::optional<std::string> value;
};

std::vector<Part> PartsOf(absl::string_view text) {
  std::vector<Part> parts;
  for (const absl::string_view piece : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const size_t equals = piece.find('=');
    parts.push_back({std::string(piece.substr(0, equals)),
                     equals == absl::string_view::npos
                         ? std::nullopt
                         : std::optional(std::string(piece.substr(equals + 1)))});
  }
  return parts;
}

bool IsSourceName(absl::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
}

absl::Status WrongPart(absl::string_view part, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(part, ": expected ", expected));
}

absl::StatusOr<KnownSecrets> ReadMock(const std::vector<Part>& parts) {
  KnownSecrets secrets;
  for (const Part& part : parts) {
    if (!part.value.has_value() || part.key.empty()) {
      return WrongPart("mock", "KEY=VALUE, ...");
    }
    secrets[part.key] = *part.value;
  }
  return secrets;
}

absl::StatusOr<KnownSecrets> ReadSecretFile(const std::vector<Part>& parts) {
  if (parts.size() != 1 || (parts[0].value.has_value() && parts[0].key != "filename")) {
    return WrongPart("file", "the path of one file");
  }
  const std::string path = parts[0].value.value_or(parts[0].key);
  const absl::StatusOr<std::string> text = ReadFile(path, kMostSourceBytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("file: \"", path, "\" cannot be read: ", text.status().message()));
  }
  KnownSecrets secrets;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    line = absl::StripSuffix(line, "\r");
    if (absl::StripAsciiWhitespace(line).empty()) {
      continue;
    }
    const size_t equals = line.find('=');
    const absl::string_view key = absl::StripAsciiWhitespace(line.substr(0, equals));
    if (equals == absl::string_view::npos || key.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("file: line ", number, " of \"", path, "\": expected KEY=VALUE"));
    }
    secrets[std::string(key)] = std::string(line.substr(equals + 1));
  }
  return secrets;
}

absl::StatusOr<absl::Duration> ReadTime(absl::string_view name, const std::string& value) {
  const absl::StatusOr<absl::Duration> time = ParseDurationWithUnit(value);
  if (!time.ok() || *time <= absl::ZeroDuration() || *time > absl::Hours(1)) {
    return WrongPart(absl::StrCat("url: ", name, ": invalid value \"", value, "\""),
                     "a duration of up to 1h, such as 30s");
  }
  return *time;
}

absl::StatusOr<int64_t> ReadCount(absl::string_view name, const std::string& value, int64_t least) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < least || number > kMostSetting) {
    return WrongPart(absl::StrCat("url: ", name, ": invalid value \"", value, "\""),
                     absl::StrCat("an integer from ", least, " to ", kMostSetting));
  }
  return number;
}

absl::Status TakeSetting(const std::string& name, const std::string& value,
                         UrlSecretSettings* settings) {
  absl::string_view header = name;
  if (name == "urlTemplate") {
    settings->url_template = value;
  } else if (name == "method") {
    settings->method = absl::AsciiStrToUpper(value);
  } else if (name == "responsePath") {
    settings->response_path = value;
  } else if (name == "timeout") {
    LOCKSTEP_ASSIGN_OR_RETURN(settings->timeout, ReadTime(name, value));
  } else if (name == "retryBackoff") {
    LOCKSTEP_ASSIGN_OR_RETURN(settings->retry_backoff, ReadTime(name, value));
  } else if (name == "requestsPerMinuteLimit") {
    LOCKSTEP_ASSIGN_OR_RETURN(settings->requests_per_minute, ReadCount(name, value, 1));
  } else if (name == "requestsBurst") {
    LOCKSTEP_ASSIGN_OR_RETURN(settings->burst, ReadCount(name, value, 1));
  } else if (name == "maxRetries") {
    LOCKSTEP_ASSIGN_OR_RETURN(settings->max_retries, ReadCount(name, value, 0));
  } else if (absl::ConsumePrefix(&header, kHeaderPrefix) && !header.empty()) {
    if (value.find_first_of("\r\n") != std::string::npos ||
        header.find_first_of(" :\r\n") != absl::string_view::npos) {
      return WrongPart(absl::StrCat("url: ", name), "a header of one line");
    }
    settings->headers.push_back(absl::StrCat(header, ": ", value));
  } else {
    return WrongPart(absl::StrCat("url: unknown setting \"", name, "\""),
                     "urlTemplate, method, headers.NAME, responsePath, timeout, "
                     "requestsPerMinuteLimit, requestsBurst, maxRetries, retryBackoff or config");
  }
  return absl::OkStatus();
}

absl::Status TakeConfigFile(const std::string& path, UrlSecretSettings* settings) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMostSourceBytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("url: config: \"", path, "\" cannot be read: ", text.status().message()));
  }
  const nlohmann::json config = nlohmann::json::parse(*text, nullptr, false);
  if (!config.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("url: config: \"", path, "\" is no JSON object"));
  }
  const auto as_text = [](const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  for (const auto& [name, value] : config.items()) {
    if (name == "headers" && value.is_object()) {
      for (const auto& [header, content] : value.items()) {
        LOCKSTEP_RETURN_IF_ERROR(
            TakeSetting(absl::StrCat(kHeaderPrefix, header), as_text(content), settings));
      }
    } else {
      LOCKSTEP_RETURN_IF_ERROR(TakeSetting(name, as_text(value), settings));
    }
  }
  return absl::OkStatus();
}

constexpr std::pair<const char*, const char*> kUrlVariables[] = {
    {"URL_TEMPLATE", "urlTemplate"},
    {"METHOD", "method"},
    {"RESPONSE_PATH", "responsePath"},
    {"TIMEOUT", "timeout"},
    {"MAX_RETRIES", "maxRetries"},
    {"RETRY_BACKOFF", "retryBackoff"},
    {"REQUESTS_PER_MINUTE_LIMIT", "requestsPerMinuteLimit"},
    {"REQUESTS_BURST", "requestsBurst"}};

absl::Status TakeVariables(const Environment& environment, UrlSecretSettings* settings) {
  for (const auto& [variable, name] : kUrlVariables) {
    if (const auto found = FindSetting(environment, absl::StrCat("SECRET_SOURCE_URL_", variable));
        found.has_value()) {
      LOCKSTEP_RETURN_IF_ERROR(TakeSetting(name, found->value, settings));
    }
  }
  for (const absl::string_view prefix :
       {"K6_SECRET_SOURCE_URL_HEADER_", "LOCKSTEP_SECRET_SOURCE_URL_HEADER_"}) {
    for (const auto& [variable, value] : environment) {
      if (absl::string_view header = variable; absl::ConsumePrefix(&header, prefix)) {
        LOCKSTEP_RETURN_IF_ERROR(
            TakeSetting(absl::StrCat(kHeaderPrefix, absl::StrReplaceAll(header, {{"_", "-"}})),
                        value, settings));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<UrlSecretSettings> ReadUrlSettings(const std::vector<Part>& parts,
                                                  const Environment& environment) {
  UrlSecretSettings settings;
  LOCKSTEP_RETURN_IF_ERROR(TakeVariables(environment, &settings));
  for (const Part& part : parts) {
    if (part.key == "config" && part.value.has_value()) {
      LOCKSTEP_RETURN_IF_ERROR(TakeConfigFile(*part.value, &settings));
    }
  }
  for (const Part& part : parts) {
    // As k6's documentation writes it; the settings are variables, which have been read.
    if (part.key == "env" && !part.value.has_value()) {
      continue;
    }
    if (!part.value.has_value()) {
      return WrongPart(absl::StrCat("url: \"", part.key, "\""), "SETTING=VALUE");
    }
    if (part.key != "config") {
      LOCKSTEP_RETURN_IF_ERROR(TakeSetting(part.key, *part.value, &settings));
    }
  }
  if (HttpScheme(settings.url_template).empty() ||
      !absl::StrContains(settings.url_template, kPlaceholder)) {
    return WrongPart("url: urlTemplate", "an https:// or http:// URL with {key} in it");
  }
  return settings;
}

}  // namespace

std::vector<std::string> SecretVariables() {
  std::vector<std::string> variables;
  for (const auto& [variable, name] : kUrlVariables) {
    variables.push_back(absl::StrCat("SECRET_SOURCE_URL_", variable));
  }
  return variables;
}

absl::StatusOr<SecretSource> ReadSecretSource(absl::string_view text,
                                              const Environment& environment) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string type(text.substr(0, equals));
  std::vector<Part> parts = PartsOf(text.substr(std::min(equals + 1, text.size())));
  SecretSource source{.name = type};
  for (auto part = parts.begin(); part != parts.end();) {
    if (part->key == "name" && part->value.has_value()) {
      if (!IsSourceName(*part->value)) {
        return WrongPart(absl::StrCat("name: invalid value \"", *part->value, "\""),
                         "1 to 100 letters, digits, \"_\", \"-\" or \".\"");
      }
      source.name = *part->value;
    } else if (part->key == "default" && !part->value.has_value()) {
      source.is_default = true;
    } else {
      ++part;
      continue;
    }
    part = parts.erase(part);
  }
  if (type == "mock") {
    LOCKSTEP_ASSIGN_OR_RETURN(source.secrets, ReadMock(parts));
  } else if (type == "file") {
    LOCKSTEP_ASSIGN_OR_RETURN(source.secrets, ReadSecretFile(parts));
  } else if (type == "url") {
    LOCKSTEP_ASSIGN_OR_RETURN(source.secrets, ReadUrlSettings(parts, environment));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown type \"", type.substr(0, 20), "\": expected file, mock or url"));
  }
  return source;
}

absl::StatusOr<std::vector<SecretSource>> ReadSecretSources(const std::vector<std::string>& texts,
                                                            const Environment& environment,
                                                            absl::string_view label) {
  std::vector<SecretSource> sources;
  std::set<std::string> names;
  bool with_default = false;
  for (const std::string& text : texts) {
    absl::StatusOr<SecretSource> source = ReadSecretSource(text, environment);
    if (!source.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(label, ": ", source.status().message()));
    }
    if (!names.insert(source->name).second) {
      return absl::InvalidArgumentError(absl::StrCat(label, ": two sources are called \"",
                                                     source->name,
                                                     "\"; name=NAME gives each its own name"));
    }
    if (source->is_default && std::exchange(with_default, true)) {
      return absl::InvalidArgumentError(absl::StrCat(label, ": two sources are the default one"));
    }
    sources.push_back(*std::move(source));
  }
  if (sources.size() == 1) {
    sources[0].is_default = true;
  }
  return sources;
}

}  // namespace lockstep::coordinator
