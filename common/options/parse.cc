#include "common/options/parse.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "common/base/nearest.h"
#include "common/options/catalogue.h"
#include "common/options/parse_values.h"

namespace lockstep {
namespace {

// "treshold (did you mean "thresholds"?)": a key of the object at `place`, which has the keys
// `known`.
std::string WithMeant(absl::string_view place, const std::string& unknown,
                      const std::vector<std::string>& known) {
  const std::string meant = DidYouMean(unknown, known);
  return absl::StrCat(place, unknown, meant.empty() ? "" : " (", absl::StripPrefix(meant, "; "),
                      meant.empty() ? "" : ")");
}

std::vector<std::string> KnownOptions() {
  std::vector<std::string> keys;
  ForEachOption([&keys](const auto& row) { keys.emplace_back(row.key); });
  return keys;
}

void AddUnknownOfThreshold(absl::string_view place, const nlohmann::json& threshold,
                           std::vector<std::string>* unknown) {
  static const std::vector<std::string> known = {"threshold", "abortOnFail", "delayAbortEval"};
  for (const auto& [key, value] : threshold.items()) {
    if (std::none_of(known.begin(), known.end(), [&key = key](const std::string& each) {
          return absl::EqualsIgnoreCase(each, key);
        })) {
      unknown->push_back(WithMeant(place, key, known));
    }
  }
}

// In thresholds, too, k6 ignores the fields that it does not know: a misspelt abortOnFail would
// never abort.
void AddUnknownOfThresholds(const nlohmann::json& thresholds, std::vector<std::string>* unknown) {
  if (!thresholds.is_object()) {
    return;
  }
  for (const auto& [metric, list] : thresholds.items()) {
    for (size_t i = 0; list.is_array() && i < list.size(); ++i) {
      if (list[i].is_object()) {
        AddUnknownOfThreshold(absl::StrCat("thresholds.", metric, "[", i, "]."), list[i], unknown);
      }
    }
  }
}

}  // namespace

bool ParseOption(absl::string_view key, const nlohmann::json& value, absl::string_view label,
                 ParsedOptions* parsed) {
  bool found = false;
  const ValueReader reader(value, std::string(label), &parsed->errors);
  ForEachOption([&]<class T>(const OptionRow<T>& row) {
    if (key.empty() ||
        !(absl::EqualsIgnoreCase(key, row.key) || absl::EqualsIgnoreCase(key, row.old_key))) {
      return;
    }
    found = true;
    if (!value.is_null()) {
      SetOption(row,
                OptionValue{reader, row.choices, row.otherwise, &parsed->warnings}.Read(
                    std::type_identity<T>()),
                label, parsed);
    }
  });
  return found;
}

ParsedOptions ParseOptionsObject(const nlohmann::json& object, absl::string_view source,
                                 absl::string_view place) {
  ParsedOptions parsed;
  if (object.is_null()) {
    return parsed;
  }
  if (!object.is_object()) {
    parsed.errors.push_back(
        absl::StrCat(place, "options: invalid value ", ShortText(object), ": expected an object"));
    return parsed;
  }
  std::vector<std::string> unknown;
  for (const auto& [key, value] : object.items()) {
    if (!ParseOption(key, value, absl::StrCat(place, key), &parsed)) {
      unknown.push_back(WithMeant("", key, KnownOptions()));
    } else if (absl::EqualsIgnoreCase(key, "thresholds")) {
      AddUnknownOfThresholds(value, &unknown);
    }
  }
  const auto given = [&object](const char* key) {
    return object.contains(key) && !object[key].is_null();
  };
  if (given("scenarios") && given("execution")) {
    parsed.errors.push_back(absl::StrCat(
        place,
        "execution: `scenarios` and `execution` are two names of one option; give one of them"));
  }
  if (!unknown.empty()) {
    parsed.warnings.push_back(
        absl::StrCat("There were unknown fields in ", source, ": ", absl::StrJoin(unknown, ", ")));
  }
  return parsed;
}

std::string NameOf(absl::string_view key, const OptionSources& sources) {
  const auto found = sources.find(key);
  return found == sources.end() ? std::string(key) : found->second;
}

std::string PlacesOf(std::initializer_list<absl::string_view> keys, const OptionSources& sources) {
  std::vector<std::string> places;
  bool elsewhere = false;
  for (const absl::string_view key : keys) {
    if (const auto found = sources.find(key); found != sources.end()) {
      places.push_back(found->second);
      elsewhere = elsewhere || found->second != key;
    }
  }
  return elsewhere ? absl::StrCat(absl::StrJoin(places, ", "), ": ") : "";
}

ParsedOptions ParseScriptOptions(absl::string_view json_text) {
  if (json_text.empty()) {
    return {};
  }
  const nlohmann::json object =
      nlohmann::json::parse(json_text.begin(), json_text.end(), nullptr, false);
  if (object.is_discarded()) {
    ParsedOptions parsed;
    parsed.errors.emplace_back("options: what the script exports cannot be written as JSON");
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
