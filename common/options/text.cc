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
  std::vector<std::string> values;  // one for a variable, at least one for a flag
  bool flag;
  absl::string_view label;  // for messages
  StringList* errors;

  using Result = std::optional<nlohmann::json>;
  template <class T>
  using As = std::type_identity<T>;

  Result Json() const {
    nlohmann::json value = nlohmann::json::parse(values.back(), nullptr, false);
    return value.is_discarded() ? Fail(Expected(values.back(), "JSON")) : Result(std::move(value));
  }
  // Whatever has no simpler form.
  template <class T>
  Result Read(As<T>) const {
    return Json();
  }
  Result Read(As<bool>) const {
    const std::optional<bool> value = ParseBool(values.back());
    return value.has_value() ? Result(*value) : Fail(Expected(values.back(), "true or false"));
  }
  Result Read(As<int64_t>) const { return values.back(); }
  Result Read(As<std::string>) const { return values.back(); }
  Result Read(As<absl::Duration>) const {
    const absl::Status status =
        flag ? ParseDurationWithUnit(values.back()).status() : absl::OkStatus();
    return status.ok() ? Result(values.back()) : Fail(status);
  }
  Result Read(As<StringList>) const {
    nlohmann::json list = nlohmann::json::array();
    for (absl::string_view part : absl::StrSplit(Joined(), ',', absl::SkipWhitespace())) {
      list.push_back(std::string(absl::StripAsciiWhitespace(part)));
    }
    return list;
  }
  Result Read(As<DnsOptions>) const { return Pairs(); }
  Result Read(As<StringMap>) const { return flag ? PairPerValue() : Pairs(); }
  Result Read(As<std::vector<Stage>>) const {
    Result stages = nlohmann::json::array();
    for (absl::string_view part : absl::StrSplit(Joined(), ',')) {
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
  std::string Joined() const { return absl::StrJoin(values, ","); }
  Result Fail(const absl::Status& status) const {
    errors->push_back(absl::StrCat(label, ": ", status.message()));
    return std::nullopt;
  }
  // "a=b,c:d"
  Result Pairs() const {
    nlohmann::json map = nlohmann::json::object();
    for (absl::string_view pair : absl::StrSplit(values.back(), ',')) {
      const size_t equals = pair.find('=');
      const size_t middle = equals != absl::string_view::npos ? equals : pair.find(':');
      if (middle == absl::string_view::npos || middle == 0) {
        return Fail(Expected(values.back(), "name=value pairs, separated by commas"));
      }
      map[std::string(pair.substr(0, middle))] = std::string(pair.substr(middle + 1));
    }
    return map;
  }
  // A value may have commas.
  Result PairPerValue() const {
    Result map = nlohmann::json::object();
    for (const std::string& text : values) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(text, absl::MaxSplits('=', 1));
      if (pair.first.empty() || pair.second.empty()) {
        Fail(Expected(text, "name=value"));
      } else {
        (*map)[pair.first] = pair.second;
      }
    }
    return map;
  }
};

template <class T>
void ReadText(const OptionRow<T>& row, OptionText text, ParsedOptions* parsed) {
  if (text.flag && !row.bare.empty() && text.values.back() == "true") {
    text.values.back() = std::string(row.bare);
  }
  const OptionText::Result value = row.text_is_json ? text.Json() : text.Read(OptionText::As<T>());
  if (!value.has_value()) {
    return;
  }
  if (text.flag) {
    const ValueReader reader(*value, std::string(text.label), text.errors);
    parsed->options.*row.member = OptionValue{reader, row.choices}.Read(std::type_identity<T>());
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
      const bool many = std::is_same_v<T, StringList> || std::is_same_v<T, StringMap> ||
                        std::is_same_v<T, std::vector<Stage>>;
      const bool one = !std::is_same_v<T, bool> && row.bare.empty();
      flags.push_back({.spec = {row.flag,
                                many  ? Kind::kList
                                : one ? Kind::kValue
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

void ParseOptionFlag(absl::string_view key, const std::vector<std::string>& values,
                     absl::string_view label, ParsedOptions* parsed) {
  ForEachOption([&](const auto& row) {
    if (row.key == key) {
      ReadText(row, {values, /*flag=*/true, label, &parsed->errors}, parsed);
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

std::string SourceOf(absl::string_view key, const Options& flags, const Options& variables,
                     const Environment& environment) {
  std::string source;
  ForEachOption([&](const auto& row) {
    if (row.key != key) {
      return;
    }
    if ((flags.*row.member).has_value() && row.flag != nullptr) {
      source = absl::StrCat("--", LongNameOf(row.flag));
    } else if (const auto found = SettingOf(row, environment);
               (variables.*row.member).has_value() && found.has_value()) {
      source = found->variable;
    }
  });
  return source;
}

ParsedOptions ParseEnvironmentOptions(const Environment& environment) {
  ParsedOptions parsed;
  ForEachOption([&](const auto& row) {
    if (const std::optional<Setting> found = SettingOf(row, environment); found.has_value()) {
      ReadText(row, {{found->value}, /*flag=*/false, found->variable, &parsed.errors}, &parsed);
    }
  });
  return parsed;
}

}  // namespace lockstep
