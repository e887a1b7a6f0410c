// Options written as text: variables and flags. Text becomes the JSON that a script would have, and
// is read as that.
#include <array>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/options/duration.h"
#include "common/options/tiers.h"

namespace lockstep {
namespace {

enum class TextForm { kPlain, kBool, kList, kMap, kStages, kDns, kJson };

struct TextOption {
  absl::string_view variable;
  absl::string_view key;
  TextForm form;
};

constexpr TextOption kTextOptions[] = {
    {"PAUSED", "paused", TextForm::kBool},
    {"VUS", "vus", TextForm::kPlain},
    {"DURATION", "duration", TextForm::kPlain},
    {"ITERATIONS", "iterations", TextForm::kPlain},
    {"STAGES", "stages", TextForm::kStages},
    {"NO_SETUP", "noSetup", TextForm::kBool},
    {"SETUP_TIMEOUT", "setupTimeout", TextForm::kPlain},
    {"NO_TEARDOWN", "noTeardown", TextForm::kBool},
    {"TEARDOWN_TIMEOUT", "teardownTimeout", TextForm::kPlain},
    {"HANDLE_SUMMARY_TIMEOUT", "handleSummaryTimeout", TextForm::kPlain},
    {"RPS", "rps", TextForm::kPlain},
    {"DNS", "dns", TextForm::kDns},
    {"MAX_REDIRECTS", "maxRedirects", TextForm::kPlain},
    {"USER_AGENT", "userAgent", TextForm::kPlain},
    {"BATCH", "batch", TextForm::kPlain},
    {"BATCH_PER_HOST", "batchPerHost", TextForm::kPlain},
    {"HTTP_DEBUG", "httpDebug", TextForm::kPlain},
    {"INSECURE_SKIP_TLS_VERIFY", "insecureSkipTLSVerify", TextForm::kBool},
    {"TLS_CIPHER_SUITES", "tlsCipherSuites", TextForm::kList},
    {"TLSAUTH", "tlsAuth", TextForm::kJson},
    {"THROW", "throw", TextForm::kBool},
    {"THRESHOLDS", "thresholds", TextForm::kJson},
    {"BLACKLIST_IPS", "blacklistIPs", TextForm::kList},
    {"BLOCK_HOSTNAMES", "blockHostnames", TextForm::kList},
    {"HOSTS", "hosts", TextForm::kJson},
    {"NO_CONNECTION_REUSE", "noConnectionReuse", TextForm::kBool},
    {"NO_VU_CONNECTION_REUSE", "noVUConnectionReuse", TextForm::kBool},
    {"MIN_ITERATION_DURATION", "minIterationDuration", TextForm::kPlain},
    {"SUMMARY_TREND_STATS", "summaryTrendStats", TextForm::kList},
    {"SUMMARY_TIME_UNIT", "summaryTimeUnit", TextForm::kPlain},
    {"SYSTEM_TAGS", "systemTags", TextForm::kList},
    {"TAGS", "tags", TextForm::kMap},
    {"METRIC_SAMPLES_BUFFER_SIZE", "metricSamplesBufferSize", TextForm::kPlain},
    {"NO_COOKIES_RESET", "noCookiesReset", TextForm::kBool},
    {"DISCARD_RESPONSE_BODIES", "discardResponseBodies", TextForm::kBool},
    {"CONSOLE_OUTPUT", "consoleOutput", TextForm::kPlain},
    {"LOCAL_IPS", "localIPs", TextForm::kPlain},
    {"HTTP_ERRORS", "httpErrors", TextForm::kJson},
    {"HTTP2_PRIOR_KNOWLEDGE", "http2PriorKnowledge", TextForm::kBool},
    {"INTENDED_LATENCY", "intendedLatency", TextForm::kBool},
    // Flags only, as in k6.
    {"", "executionSegment", TextForm::kPlain},
    {"", "executionSegmentSequence", TextForm::kPlain},
};

absl::Status Expected(absl::string_view text, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value \"", text, "\": expected ", allowed));
}

absl::StatusOr<nlohmann::json> BoolFromText(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (absl::string_view yes : {"true", "t", "1"}) {
    if (lower == yes) {
      return nlohmann::json(true);
    }
  }
  for (absl::string_view no : {"false", "f", "0"}) {
    if (lower == no) {
      return nlohmann::json(false);
    }
  }
  return Expected(text, "true or false");
}

absl::StatusOr<nlohmann::json> MapFromText(absl::string_view text) {
  nlohmann::json map = nlohmann::json::object();
  for (absl::string_view pair : absl::StrSplit(text, ',')) {
    const size_t equals = pair.find('=');
    const size_t middle = equals != absl::string_view::npos ? equals : pair.find(':');
    if (middle == absl::string_view::npos || middle == 0) {
      return Expected(text, "name=value pairs, separated by commas");
    }
    map[std::string(pair.substr(0, middle))] = std::string(pair.substr(middle + 1));
  }
  return map;
}

absl::StatusOr<nlohmann::json> StagesFromText(absl::string_view text) {
  nlohmann::json stages = nlohmann::json::array();
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::StatusOr<Stage> stage = ParseStageText(part, /*unit_required=*/false);
    if (!stage.ok()) {
      return stage.status();
    }
    nlohmann::json& object = stages.emplace_back(nlohmann::json::object());
    if (stage->duration.has_value()) {
      object["duration"] = DurationText(*stage->duration);
    }
    if (stage->target.has_value()) {
      object["target"] = *stage->target;
    }
  }
  return stages;
}

absl::StatusOr<nlohmann::json> ToJson(TextForm form, absl::string_view text) {
  switch (form) {
    case TextForm::kPlain:
      return nlohmann::json(std::string(text));
    case TextForm::kBool:
      return BoolFromText(text);
    case TextForm::kList: {
      nlohmann::json list = nlohmann::json::array();
      for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
        list.push_back(std::string(absl::StripAsciiWhitespace(part)));
      }
      return list;
    }
    case TextForm::kMap:
    case TextForm::kDns:
      return MapFromText(text);
    case TextForm::kStages:
      return StagesFromText(text);
    case TextForm::kJson:
      break;
  }
  nlohmann::json value = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) {
    return Expected(text, "JSON");
  }
  return value;
}

void ReadText(const TextOption& option, absl::string_view text, absl::string_view label,
              ParsedOptions* parsed) {
  const absl::StatusOr<nlohmann::json> value = ToJson(option.form, text);
  if (!value.ok()) {
    parsed->errors.push_back(absl::StrCat(label, ": ", value.status().message()));
    return;
  }
  ParseOption(option.key, *value, label, parsed);
}

}  // namespace

absl::StatusOr<Stage> ParseStageText(absl::string_view text, bool unit_required) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  const absl::Status invalid = Expected(text, "[duration]:[target], such as 10s:5");
  Stage stage;
  if (!parts.first.empty()) {
    const absl::StatusOr<absl::Duration> duration =
        unit_required ? ParseDurationWithUnit(parts.first) : ParseDuration(parts.first);
    if (!duration.ok()) {
      return invalid;
    }
    stage.duration = *duration;
  }
  if (!parts.second.empty()) {
    int64_t target = 0;
    if (!absl::SimpleAtoi(parts.second, &target)) {
      return invalid;
    }
    stage.target = target;
  }
  if (!stage.duration.has_value() && !stage.target.has_value()) {
    return invalid;
  }
  return stage;
}

bool ParseOptionText(absl::string_view key, absl::string_view text, absl::string_view label,
                     ParsedOptions* parsed) {
  for (const TextOption& option : kTextOptions) {
    if (option.key == key) {
      ReadText(option, text, label, parsed);
      return true;
    }
  }
  return false;
}

std::optional<std::string> FindSetting(const Environment& environment, absl::string_view name) {
  for (absl::string_view prefix : {"LOCKSTEP_", "K6_"}) {
    const auto found = environment.find(absl::StrCat(prefix, name));
    if (found != environment.end() && !found->second.empty()) {
      return found->second;
    }
  }
  return std::nullopt;
}

ParsedOptions ParseEnvironmentOptions(const Environment& environment) {
  ParsedOptions parsed;
  for (const TextOption& option : kTextOptions) {
    if (option.variable.empty()) {
      continue;
    }
    for (absl::string_view prefix : {"LOCKSTEP_", "K6_"}) {
      const std::string name = absl::StrCat(prefix, option.variable);
      const auto found = environment.find(name);
      if (found != environment.end() && !found->second.empty()) {
        ReadText(option, found->second, name, &parsed);
        break;
      }
    }
  }
  return parsed;
}

}  // namespace lockstep
