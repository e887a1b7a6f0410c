#include "common/flags/flag_reader.h"

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"

#include "common/base/host_port.h"

namespace lockstep {

std::optional<std::string> FlagReader::Text(const char* flag, const char* variable) {
  source_ = absl::StrCat("--", flag);
  const std::vector<std::string>& values = words_.values[flag];
  if (!values.empty()) {
    return values.back();
  }
  std::optional<Setting> setting;
  if (variable != nullptr) {
    setting = FindSetting(words_.environment, variable);
  } else if (words_.own_variables) {
    setting = FindVariable(words_.environment, OwnVariable(flag));
  }
  if (!setting.has_value()) {
    return std::nullopt;
  }
  source_ = std::move(setting->variable);
  return std::move(setting->value);
}

std::optional<bool> FlagReader::Bool(const char* flag, const char* variable) {
  const std::optional<std::string> text = Text(flag, variable);
  if (!text.has_value()) {
    return std::nullopt;
  }
  const std::optional<bool> value = ParseBool(*text);
  if (!value.has_value()) {
    Expected(*text, "true or false");
  }
  return value.value_or(false);
}

int64_t FlagReader::Int(const char* flag, int64_t fallback, int64_t least, int64_t most) {
  const std::optional<std::string> text = Text(flag);
  int64_t number = fallback;
  if (text.has_value() && (!absl::SimpleAtoi(*text, &number) || number < least || number > most)) {
    const bool bounded = most < std::numeric_limits<int64_t>::max();
    Expected(*text, bounded ? absl::StrCat("an integer from ", least, " to ", most)
                            : absl::StrCat("an integer, at least ", least));
    return fallback;
  }
  return number;
}

std::optional<std::string> FlagReader::Address(const std::string& text, absl::string_view name) {
  absl::StatusOr<std::string> address = CoordinatorAddress(text);
  if (!address.ok()) {
    Error(absl::StrCat(name.empty() ? source_ : name, ": ", address.status().message()));
    return std::nullopt;
  }
  return *std::move(address);
}

double FlagReader::Number(const char* flag, double fallback, double least, double most) {
  const std::optional<std::string> text = Text(flag);
  double number = fallback;
  if (text.has_value() &&
      (!absl::SimpleAtod(*text, &number) || !(number >= least && number <= most))) {
    Expected(*text, absl::StrCat("a number from ", least, " to ", most));
  }
  return number;
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
