// Options written as text: variables and flags. Text becomes the JSON that a script would have, and
// is read as that.
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/options/catalogue.h"
#include "common/options/duration.h"
#include "common/options/parse_values.h"
#include "common/options/tiers.h"

namespace lockstep {
namespace {

constexpr absl::string_view kOwnPrefix = "LOCKSTEP_";

absl::Status Expected(absl::string_view text, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value \"", text, "\": expected ", allowed));
}

// One option as text. Each Read returns the JSON that a script would have, or nothing after noting
// an error.
struct OptionText {
  std::string value;
  bool flag;
  absl::string_view label;  // for messages
  StringList* errors;

  using Result = std::optional<nlohmann::json>;
  template <class T>
  using As = std::type_identity<T>;

  Result Json() const {
    nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
    return parsed.is_discarded() ? Fail(Expected(value, "JSON")) : Result(std::move(parsed));
  }
  // Whatever has no simpler form.
  template <class T>
  Result Read(As<T>) const {
    return Json();
  }
  Result Read(As<bool>) const {
    const std::optional<bool> parsed = ParseBool(value);
    return parsed.has_value() ? Result(*parsed) : Fail(Expected(value, "true or false"));
  }
  Result Read(As<int64_t>) const { return value; }
  Result Read(As<std::string>) const { return value; }
  Result Read(As<absl::Duration>) const {
    const absl::Status status = flag ? ParseDurationWithUnit(value).status() : absl::OkStatus();
    return status.ok() ? Result(value) : Fail(status);
  }
  Result Read(As<StringList>) const {
    nlohmann::json list = nlohmann::json::array();
    for (absl::string_view part : absl::StrSplit(value, ',', absl::SkipWhitespace())) {
      list.push_back(std::string(absl::StripAsciiWhitespace(part)));
    }
    return list;
  }
  Result Read(As<DnsOptions>) const { return Pairs(); }
  Result Read(As<StringMap>) const { return flag ? Pair() : Pairs(); }
  Result Read(As<std::vector<Stage>>) const {
    Result stages = nlohmann::json::array();
    for (absl::string_view part : absl::StrSplit(value, ',')) {
      const absl::StatusOr<Stage> stage = ParseStageText(part, flag);
      if (!stage.ok()) {
        Fail(stage.status());
        continue;
      }
      nlohmann::json& object = stages->emplace_back(nlohmann::json::object());
      if (stage->duration.has_value()) {
        object["duration"] = DurationText(*stage->duration);
      }
      if (stage->target.has_value()) {
        object["target"] = *stage->target;
      }
    }
    return stages;
  }

 private:
  Result Fail(const absl::Status& status) const {
    errors->push_back(absl::StrCat(label, ": ", status.message()));
    return std::nullopt;
  }
  // "a=b,c:d"
  Result Pairs() const {
    nlohmann::json map = nlohmann::json::object();
    for (absl::string_view pair : absl::StrSplit(value, ',')) {
      const size_t equals = pair.find('=');
      const size_t middle = equals != absl::string_view::npos ? equals : pair.find(':');
      if (middle == absl::string_view::npos || middle == 0) {
        return Fail(Expected(value, "name=value pairs, separated by commas"));
      }
      map[std::string(pair.substr(0, middle))] = std::string(pair.substr(middle + 1));
    }
    return map;
  }
  // A value may have commas.
  Result Pair() const {
    const std::pair<std::string, std::string> pair = absl::StrSplit(value, absl::MaxSplits('=', 1));
    return pair.first.empty() || pair.second.empty()
               ? Fail(Expected(value, "name=value"))
               : Result(nlohmann::json::object({{pair.first, pair.second}}));
  }
};

template <class T>
void ReadText(const OptionRow<T>& row, OptionText text, ParsedOptions* parsed) {
  if (text.flag && !row.bare.empty() && text.value == "true") {
    text.value = std::string(row.bare);
  }
  const OptionText::Result value = row.text_is_json ? text.Json() : text.Read(OptionText::As<T>());
  if (!value.has_value()) {
    return;
  }
  if (text.flag) {
    const ValueReader reader(*value, std::string(text.label), text.errors);
    SetOption(row, OptionValue{reader, row.choices}.Read(std::type_identity<T>()), text.label,
              parsed, /*flag=*/true);
  } else {
    ParseOption(row.key, *value, text.label, parsed);
  }
}

}  // namespace

std::optional<bool> ParseBool(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "true" || lower == "t" || lower == "1") {
    return true;
  }
  if (lower == "false" || lower == "f" || lower == "0") {
    return false;
  }
  return std::nullopt;
}

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

namespace {

// What the value of a flag is, in a word.
template <class T>
constexpr const char* ValueWord() {
  if constexpr (std::is_same_v<T, int64_t>) {
    return "N";
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return "TIME";
  } else if constexpr (std::is_same_v<T, StringList>) {
    return "LIST";
  } else if constexpr (std::is_same_v<T, StringMap>) {
    return "NAME=VALUE";
  } else if constexpr (std::is_same_v<T, std::vector<Stage>>) {
    return "TIME:N";
  } else {
    return "TEXT";
  }
}

// "long-name" of "-x,--long-name".
absl::string_view LongNameOf(const char* flag) {
  const absl::string_view spelling = flag;
  return absl::StripPrefix(spelling.substr(spelling.rfind(",--") + 1), "--");
}

// Behind LOCKSTEP_; "" of an option that neither a variable nor a flag sets.
template <class T>
std::string VariableOf(const OptionRow<T>& row) {
  return !row.variable.empty() || row.flag == nullptr
             ? std::string(row.variable)
             : OwnVariable(LongNameOf(row.flag)).substr(kOwnPrefix.size());
}

// A default as one would type it; "" where it is nothing, or off.
std::string Typed(int64_t value) {
  return value == 0 ? "" : absl::StrCat(value);
}
std::string Typed(absl::Duration value) {
  return value == absl::ZeroDuration() ? "" : DurationText(value);
}
std::string Typed(const std::string& value) {
  return value;
}
std::string Typed(const StringList& value) {
  return absl::StrJoin(value, ",");
}
template <class T>
std::string Typed(const T& /*value*/) {
  return "";
}

}  // namespace

std::vector<OptionFlag> OptionFlags() {
  using Kind = FlagSpec::Kind;
  const RunOptions defaults;
  std::vector<OptionFlag> flags;
  ForEachOption([&]<class T>(const OptionRow<T>& row) {
    if (row.flag != nullptr) {
      const bool one = !std::is_same_v<T, bool> && row.bare.empty();
      flags.push_back({.spec = {row.flag,
                                kAddsUp<T> ? Kind::kList
                                : one      ? Kind::kValue
                                           : Kind::kSwitch,
                                row.help, row.value == nullptr ? ValueWord<T>() : row.value},
                       .key = row.key,
                       .variable = VariableOf(row),
                       .initial = row.settled == nullptr ? "" : Typed(defaults.*row.settled),
                       .bare = std::string(row.bare)});
    }
  });
  return flags;
}

void ParseOptionFlag(absl::string_view key, const std::vector<Setting>& values,
                     ParsedOptions* parsed) {
  ForEachOption([&](const auto& row) {
    for (size_t i = 0; row.key == key && i < values.size(); ++i) {
      ReadText(row, {values[i].value, /*flag=*/true, values[i].source, &parsed->errors}, parsed);
    }
  });
}

std::optional<Setting> FindSetting(const Environment& environment, absl::string_view name) {
  std::optional<Setting> ours = FindVariable(environment, absl::StrCat(kOwnPrefix, name));
  return ours.has_value() ? ours : FindVariable(environment, absl::StrCat("K6_", name));
}

std::optional<Setting> FindVariable(const Environment& environment, const std::string& variable) {
  const auto found = environment.find(variable);
  return found == environment.end() || found->second.empty()
             ? std::nullopt
             : std::make_optional(Setting{found->first, found->second});
}

std::string OwnVariable(absl::string_view flag) {
  return absl::StrCat(kOwnPrefix, absl::AsciiStrToUpper(absl::StrReplaceAll(flag, {{"-", "_"}})));
}

std::vector<std::string> OptionVariables() {
  std::vector<std::string> names;
  ForEachOption([&](const auto& row) {
    if (std::string name = VariableOf(row); !name.empty()) {
      names.push_back(std::move(name));
    }
  });
  return names;
}

std::vector<std::string> K6OptionVariables() {
  std::vector<std::string> names;
  ForEachOption([&](const auto& row) {
    if (!row.variable.empty()) {
      names.emplace_back(row.variable);
    }
  });
  return names;
}

namespace {

// Of an option; nothing if it is not set.
template <class T>
std::optional<Setting> SettingOf(const OptionRow<T>& row, const Environment& environment) {
  if (row.variable.empty() && row.flag == nullptr) {
    return std::nullopt;
  }
  return row.variable.empty() ? FindVariable(environment, absl::StrCat(kOwnPrefix, VariableOf(row)))
                              : FindSetting(environment, row.variable);
}

}  // namespace

ParsedOptions ParseEnvironmentOptions(const Environment& environment) {
  ParsedOptions parsed;
  ForEachOption([&](const auto& row) {
    if (const std::optional<Setting> found = SettingOf(row, environment); found.has_value()) {
      ReadText(row, {found->value, /*flag=*/false, found->source, &parsed.errors}, &parsed);
    }
  });
  return parsed;
}

}  // namespace lockstep
