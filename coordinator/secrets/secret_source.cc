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
#include "absl/strings/str_join.h"
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

constexpr std::pair<const char*, const char*> kUrlVariables[] = {
    {"URL_TEMPLATE", "urlTemplate"},
    {"METHOD", "method"},
    {"RESPONSE_PATH", "responsePath"},
    {"TIMEOUT", "timeout"},
    {"MAX_RETRIES", "maxRetries"},
    {"RETRY_BACKOFF", "retryBackoff"},
    {"REQUESTS_PER_MINUTE_LIMIT", "requestsPerMinuteLimit"},
    {"REQUESTS_BURST", "requestsBurst"}};

// Reads the settings of a url source. What is wrong with each is noted with its place.
class UrlReader {
 public:
  void TakeVariables(const Environment& environment) {
    for (const auto& [variable, name] : kUrlVariables) {
      if (const auto found = FindSetting(environment, absl::StrCat("SECRET_SOURCE_URL_", variable));
          found.has_value()) {
        Take(name, found->value, found->source);
      }
    }
    for (const absl::string_view prefix :
         {"K6_SECRET_SOURCE_URL_HEADER_", "LOCKSTEP_SECRET_SOURCE_URL_HEADER_"}) {
      for (const auto& [variable, value] : environment) {
        if (absl::string_view header = variable; absl::ConsumePrefix(&header, prefix)) {
          Take(absl::StrCat(kHeaderPrefix, absl::StrReplaceAll(header, {{"_", "-"}})), value,
               variable);
        }
      }
    }
  }

  void TakeConfigFile(const std::string& path) {
    const std::string place = absl::StrCat("url: config: \"", path, "\"");
    const absl::StatusOr<std::string> text = ReadFile(path, kMostSourceBytes);
    if (!text.ok()) {
      mistakes_.push_back(absl::StrCat(place, " cannot be read: ", text.status().message()));
      may_have_more_ = true;
      return;
    }
    const nlohmann::json config = nlohmann::json::parse(*text, nullptr, false);
    if (!config.is_object()) {
      mistakes_.push_back(absl::StrCat(place, " is not a JSON object"));
      may_have_more_ = true;
      return;
    }
    const auto take = [&](const std::string& name, const nlohmann::json& value) {
      Take(name, value.is_string() ? value.get<std::string>() : value.dump(),
           absl::StrCat(place, ": ", name));
    };
    for (const auto& [name, value] : config.items()) {
      if (name == "headers" && value.is_object()) {
        for (const auto& [header, content] : value.items()) {
          take(absl::StrCat(kHeaderPrefix, header), content);
        }
      } else {
        take(name, value);
      }
    }
  }

  void TakePart(const Part& part) {
    // Have been read: a file, and what "env" stands for in k6's documentation, which are variables.
    if (part.value.has_value() ? part.key == "config" : part.key == "env") {
      return;
    }
    if (!part.value.has_value()) {
      Wrong(absl::StrCat("url: \"", part.key, "\""), "SETTING=VALUE");
    } else {
      Take(part.key, *part.value, absl::StrCat("url: ", part.key));
    }
  }

  absl::StatusOr<UrlSecretSettings> Settings() {
    if (!may_have_more_ && (HttpScheme(settings_.url_template).empty() ||
                            !absl::StrContains(settings_.url_template, kPlaceholder))) {
      Wrong(template_place_, "an https:// or http:// URL with {key} in it");
    }
    if (!mistakes_.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(mistakes_, "\n"));
    }
    return settings_;
  }

 private:
  void Wrong(absl::string_view place, absl::string_view expected) {
    mistakes_.push_back(absl::StrCat(place, ": expected ", expected));
  }
  void WrongValue(absl::string_view place, absl::string_view value, absl::string_view expected) {
    Wrong(absl::StrCat(place, ": invalid value \"", value, "\""), expected);
  }

  void ReadTime(const std::string& place, const std::string& value, absl::Duration* time) {
    const absl::StatusOr<absl::Duration> read = ParseDurationWithUnit(value);
    if (!read.ok() || *read <= absl::ZeroDuration() || *read > absl::Hours(1)) {
      WrongValue(place, value, "a duration of up to 1h, such as 30s");
    } else {
      *time = *read;
    }
  }
  void ReadCount(const std::string& place, const std::string& value, int64_t least,
                 int64_t* number) {
    if (!absl::SimpleAtoi(value, number) || *number < least || *number > kMostSetting) {
      WrongValue(place, value, absl::StrCat("an integer from ", least, " to ", kMostSetting));
    }
  }
  void ReadHeader(const std::string& place, absl::string_view header, const std::string& value) {
    if (value.find_first_of("\r\n") != std::string::npos ||
        header.find_first_of(" :\r\n") != absl::string_view::npos) {
      Wrong(place, "a header of one line");
    } else {
      settings_.headers.push_back(absl::StrCat(header, ": ", value));
    }
  }

  void Take(const std::string& name, const std::string& value, const std::string& place) {
    absl::string_view header = name;
    if (name == "urlTemplate") {
      settings_.url_template = value;
      template_place_ = place;
    } else if (name == "method") {
      settings_.method = absl::AsciiStrToUpper(value);
    } else if (name == "responsePath") {
      settings_.response_path = value;
    } else if (name == "timeout") {
      ReadTime(place, value, &settings_.timeout);
    } else if (name == "retryBackoff") {
      ReadTime(place, value, &settings_.retry_backoff);
    } else if (name == "requestsPerMinuteLimit") {
      ReadCount(place, value, 1, &settings_.requests_per_minute);
    } else if (name == "requestsBurst") {
      ReadCount(place, value, 1, &settings_.burst);
    } else if (name == "maxRetries") {
      ReadCount(place, value, 0, &settings_.max_retries);
    } else if (absl::ConsumePrefix(&header, kHeaderPrefix) && !header.empty()) {
      ReadHeader(place, header, value);
    } else {
      Wrong(absl::StrCat(absl::StripSuffix(place, name), "unknown setting \"", name, "\""),
            "urlTemplate, method, headers.NAME, responsePath, timeout, "
            "requestsPerMinuteLimit, requestsBurst, maxRetries, retryBackoff or config");
    }
  }

  UrlSecretSettings settings_;
  std::string template_place_ = "url: urlTemplate";
  std::vector<std::string> mistakes_;
  bool may_have_more_ = false;  // settings, in a file that could not be read
};

// Variables are weaker than the file, and that is than what the source says itself.
absl::StatusOr<UrlSecretSettings> ReadUrlSettings(const std::vector<Part>& parts,
                                                  const Environment& environment) {
  UrlReader reader;
  reader.TakeVariables(environment);
  for (const Part& part : parts) {
    if (part.key == "config" && part.value.has_value()) {
      reader.TakeConfigFile(*part.value);
    }
  }
  for (const Part& part : parts) {
    reader.TakePart(part);
  }
  return reader.Settings();
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

absl::StatusOr<std::vector<SecretSource>> ReadSecretSources(const std::vector<Setting>& said,
                                                            const Environment& environment) {
  std::vector<SecretSource> sources;
  std::vector<std::string> mistakes;
  std::set<std::string> names;
  bool with_default = false;
  for (const auto& [place, text] : said) {
    absl::StatusOr<SecretSource> source = ReadSecretSource(text, environment);
    if (!source.ok()) {
      for (absl::string_view mistake : absl::StrSplit(source.status().message(), '\n')) {
        mistakes.push_back(absl::StrCat(place, ": ", mistake));
      }
      continue;
    }
    if (!names.insert(source->name).second) {
      mistakes.push_back(absl::StrCat(place, ": two sources are called \"", source->name,
                                      "\"; name=NAME gives each its own name"));
    }
    if (source->is_default && std::exchange(with_default, true)) {
      mistakes.push_back(absl::StrCat(place, ": two sources are the default one"));
    }
    sources.push_back(*std::move(source));
  }
  if (!mistakes.empty()) {
    return absl::FailedPreconditionError(absl::StrJoin(mistakes, "\n"));
  }
  if (sources.size() == 1) {
    sources[0].is_default = true;
  }
  return sources;
}

}  // namespace lockstep::coordinator
