// Configuration files: options, and settings that are none.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/options/document.h"
#include "common/options/tiers.h"
#include "common/options/value_reader.h"

namespace lockstep {
namespace {

void ReadOutputs(const nlohmann::json& value, const std::string& label, ConfigFile* file) {
  const ValueReader reader(value, label, &file->parsed.errors);
  if (value.is_string()) {
    file->outputs.push_back(value.get<std::string>());
  } else if (std::optional<std::vector<std::string>> list = reader.StringList(); list.has_value()) {
    file->outputs = *std::move(list);
  }
}

// Takes the settings that are not options out of `object`.
void TakeSettings(nlohmann::json& object, ConfigFile* file) {
  const auto take = [&object, file](const char* key, auto read) {
    const auto found = object.find(key);
    if (found == object.end()) {
      return;
    }
    if (!found->is_null()) {
      read(ValueReader(*found, absl::StrCat(file->name, ": ", key), &file->parsed.errors));
    }
    object.erase(found);
  };
  take("out", [file](const ValueReader& r) { ReadOutputs(r.value(), r.path(), file); });
  take("linger", [file](const ValueReader& r) { file->linger = r.Bool(); });
  take("noUsageReport", [file](const ValueReader& r) { file->no_usage_report = r.Bool(); });
  take("features", [file](const ValueReader& r) {
    file->parsed.warnings.push_back(absl::StrCat(r.path(), " has no effect in this version"));
  });
  take("usageReportUrl", [file](const ValueReader& r) { file->usage_report_url = r.String(); });
}

void ReadObject(nlohmann::json object, ConfigFile* file) {
  const std::string place = absl::StrCat(file->name, ": ");
  if (object.is_object()) {
    TakeSettings(object, file);
    if (object.contains("options") && object["options"].is_object()) {
      for (const auto& [key, value] : object["options"].items()) {
        if (object.contains(key)) {
          file->parsed.errors.push_back(
              absl::StrCat(place, key, ": given twice, also under `options`"));
        }
      }
      nlohmann::json options = std::move(object["options"]);
      object.erase("options");
      object.update(options);
    }
  }
  ParsedOptions options = ParseOptionsObject(object, file->name, place);
  options.errors.insert(options.errors.begin(), file->parsed.errors.begin(),
                        file->parsed.errors.end());
  options.warnings.insert(options.warnings.begin(), file->parsed.warnings.begin(),
                          file->parsed.warnings.end());
  file->parsed = std::move(options);
}

ConfigFile ReadDocument(const absl::StatusOr<nlohmann::ordered_json>& document,
                        absl::string_view name) {
  ConfigFile file;
  file.name = std::string(name);
  if (document.ok()) {
    ReadObject(nlohmann::json(*document), &file);
  } else {
    file.parsed.errors.push_back(absl::StrCat(name, ": ", document.status().message()));
  }
  return file;
}

}  // namespace

ConfigFile ParseYamlConfig(absl::string_view text, absl::string_view name) {
  return ReadDocument(ParseYamlDocument(text), name);
}

ConfigFile ParseJsonConfig(absl::string_view text, absl::string_view name) {
  absl::StatusOr<nlohmann::ordered_json> document = ParseJsonDocument(text);
  if (document.ok() && document->is_object()) {
    // k6's per-output settings; which outputs run is said by `out`.
    document->erase("collectors");
  }
  return ReadDocument(document, name);
}

}  // namespace lockstep
