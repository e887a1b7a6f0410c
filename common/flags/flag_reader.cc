#include "common/flags/flag_reader.h"

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

#include "common/base/host_port.h"
#include "common/options/duration.h"

namespace lockstep {

std::vector<Setting> FlagReader::Said(const char* flag, const char* variable) {
  source_ = absl::StrCat("--", flag);
  if (variable != nullptr) {
    words_.k6_variables.insert(variable);
  }
  if (const std::vector<Setting>& values = words_.values[flag]; !values.empty()) {
    return values;
  }
  std::optional<Setting> setting;
  if (variable != nullptr) {
    setting = FindSetting(words_.environment, variable);
  } else if (words_.own_variables) {
    setting = FindVariable(words_.environment, OwnVariable(flag));
  }
  return setting.has_value() ? std::vector<Setting>{*std::move(setting)} : std::vector<Setting>();
}

std::optional<std::string> FlagReader::Text(const char* flag, const char* variable) {
  return Value(flag, variable, [](const std::string& text) { return text; });
}

std::optional<bool> FlagReader::Bool(const char* flag, const char* variable) {
  return Value(flag, variable, [this](const std::string& text) {
    const std::optional<bool> value = ParseBool(text);
    if (!value.has_value()) {
      Expected(text, "true or false");
    }
    return value.value_or(false);
  });
}

int64_t FlagReader::Int(const char* flag, int64_t fallback, int64_t least, int64_t most) {
  const auto read = [&](const std::string& text) {
    int64_t number = fallback;
    if (absl::SimpleAtoi(text, &number) && number >= least && number <= most) {
      return number;
    }
    const bool bounded = most < std::numeric_limits<int64_t>::max();
    Expected(text, bounded ? absl::StrCat("an integer from ", least, " to ", most)
                           : absl::StrCat("an integer, at least ", least));
    return fallback;
  };
  return Value(flag, nullptr, read).value_or(fallback);
}

double FlagReader::Number(const char* flag, double fallback, double least, double most) {
  const auto read = [&](const std::string& text) {
    double number = fallback;
    if (!absl::SimpleAtod(text, &number) || !(number >= least && number <= most)) {
      Expected(text, absl::StrFormat("a number from %.12g to %.12g", least, most));
    }
    return number;
  };
  return Value(flag, nullptr, read).value_or(fallback);
}

absl::Duration FlagReader::Time(const char* flag, absl::Duration fallback,
                                absl::string_view allowed) {
  const auto read = [&](const std::string& text) {
    const absl::StatusOr<absl::Duration> time = ParseDurationWithUnit(text);
    if (!time.ok() || *time < absl::ZeroDuration()) {
      Expected(text, allowed);
    }
    return time.value_or(fallback);
  };
  return Value(flag, nullptr, read).value_or(fallback);
}

std::optional<std::string> FlagReader::Address(const std::string& text, absl::string_view name) {
  absl::StatusOr<std::string> address = CoordinatorAddress(text);
  if (!address.ok()) {
    Error(absl::StrCat(name.empty() ? source_ : name, ": ", address.status().message()));
    return std::nullopt;
  }
  return *std::move(address);
}

void FlagReader::NoEffect(const char* flag, const char* variable) {
  const std::string asked = String(flag, variable);
  if (!asked.empty() && asked != "false" && asked != "none") {
    words_.warnings.push_back(absl::StrCat(source_, " has no effect in this version"));
  }
}

void FlagReader::NoEffectOf(const char* variable) {
  const auto found = words_.environment.find(variable);
  if (found != words_.environment.end() && !found->second.empty() && found->second != "false") {
    words_.warnings.push_back(absl::StrCat(variable, " has no effect in this version"));
  }
}

}  // namespace lockstep
