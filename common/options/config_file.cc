#include <cmath>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "yaml-cpp/yaml.h"

#include "common/options/tiers.h"
#include "common/options/value_reader.h"

namespace lockstep {
namespace {

// Deep enough for all options, shallow enough for the stack whatever the file says.
constexpr int kMaxDepth = 64;

// A plain YAML scalar as the JSON that a person means by it; a quoted one is text.
nlohmann::json ScalarToJson(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {
    return text;
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (text.empty() || text == "null" || text == "~") {
    return nullptr;
  }
  int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer)) {
    return integer;
  }
  double number = 0;
  if (text.find_first_not_of("0123456789.eE+-") == std::string::npos &&
      absl::SimpleAtod(text, &number) && std::isfinite(number)) {
    return number;
  }
  return text;
}

nlohmann::json ToJson(const YAML::Node& node, int depth) {
  if (depth > kMaxDepth) {
    throw YAML::Exception(node.Mark(), "nested too deeply");
  }
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return ScalarToJson(node);
    case YAML::NodeType::Sequence: {
      nlohmann::json list = nlohmann::json::array();
      for (const YAML::Node& element : node) {
        list.push_back(ToJson(element, depth + 1));
      }
      return list;
    }
    case YAML::NodeType::Map: {
      nlohmann::json object = nlohmann::json::object();
      for (const auto& member : node) {
        const std::string& key = member.first.Scalar();
        if (object.contains(key)) {
          throw YAML::Exception(member.first.Mark(), absl::StrCat("`", key, "` is given twice"));
        }
        object[key] = ToJson(member.second, depth + 1);
      }
      return object;
    }
    default:
      return nullptr;
  }
}

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
      read(ValueReader(*found, key, &file->parsed.errors));
    }
    object.erase(found);
  };
  take("out", [file](const ValueReader& r) { ReadOutputs(r.value(), r.path(), file); });
  take("linger", [file](const ValueReader& r) { file->linger = r.Bool(); });
  take("noUsageReport", [file](const ValueReader& r) { file->no_usage_report = r.Bool(); });
  take("usageReportUrl", [file](const ValueReader& r) { file->usage_report_url = r.String(); });
}

void ReadObject(nlohmann::json object, absl::string_view name, ConfigFile* file) {
  if (object.is_object()) {
    TakeSettings(object, file);
    if (object.contains("options") && object["options"].is_object()) {
      for (const auto& [key, value] : object["options"].items()) {
        if (object.contains(key)) {
          file->parsed.errors.push_back(absl::StrCat(key, ": given twice, also under `options`"));
        }
      }
      nlohmann::json options = std::move(object["options"]);
      object.erase("options");
      object.update(options);
    }
  }
  ParsedOptions options = ParseOptionsObject(object, name);
  options.errors.insert(options.errors.begin(), file->parsed.errors.begin(),
                        file->parsed.errors.end());
  for (std::string& error : options.errors) {
    error = absl::StrCat(name, ": ", error);
  }
  file->parsed = std::move(options);
}

}  // namespace

ConfigFile ParseYamlConfig(absl::string_view text, absl::string_view name) {
  ConfigFile file;
  nlohmann::json object;
  // The only place where the YAML library's exceptions can surface.
  try {
    object = ToJson(YAML::Load(std::string(text)), 0);
  } catch (const std::exception& error) {
    file.parsed.errors.push_back(absl::StrCat(name, ": ", error.what()));
    return file;
  }
  ReadObject(std::move(object), name, &file);
  return file;
}

ConfigFile ParseJsonConfig(absl::string_view text, absl::string_view name) {
  ConfigFile file;
  std::vector<std::set<std::string>> keys;  // of the objects that are being read
  std::string twice;
  const auto note = [&](int /*depth*/, nlohmann::json::parse_event_t event,
                        const nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == nlohmann::json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == nlohmann::json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      twice = keys.back().insert(key).second || !twice.empty() ? twice : key;
    }
    return true;
  };
  nlohmann::json object = nlohmann::json::parse(text.begin(), text.end(), note, false);
  if (object.is_discarded()) {
    file.parsed.errors.push_back(absl::StrCat(name, ": not valid JSON"));
    return file;
  }
  if (!twice.empty()) {
    file.parsed.errors.push_back(absl::StrCat("`", twice, "` is given twice"));
  }
  if (object.is_object() && object.contains("collectors")) {
    // k6's per-output settings; which outputs run is said by `out`.
    object.erase("collectors");
  }
  ReadObject(std::move(object), name, &file);
  return file;
}

}  // namespace lockstep
