#include "coordinator/manifest/yaml_text.h"

#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 30;

// What a YAML reader of any version makes of the plain text: 1.1 has more words that are booleans.
bool IsPlainText(const std::string& text) {
  constexpr const char* kWords[] = {"y",  "Y",  "n",  "N",  "yes", "Yes", "YES", "no",
                                    "No", "NO", "on", "On", "ON",  "off", "Off", "OFF"};
  for (const char* word : kWords) {
    if (text == word) {
      return false;
    }
  }
  // A number, in one of the ways in which some reader knows them.
  const size_t first = text.find_first_not_of("+-.");
  const bool number = first != std::string::npos && first <= 2 &&
                      absl::ascii_isdigit(static_cast<unsigned char>(text[first]));
  bool truth = false;
  return !text.empty() && !number && !YAML::convert<bool>::decode(YAML::Node(text), truth) &&
         text != "null" && text != "~" && text != "Null" && text != "NULL" && text != ".inf" &&
         text != ".nan";
}

void Emit(const Json& value, YAML::Emitter& out) {
  switch (value.type()) {
    case Json::value_t::object:
      if (value.empty()) {
        out << YAML::Flow;
      }
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.items()) {
        out << YAML::Key;
        if (!IsPlainText(key)) {
          out << YAML::DoubleQuoted;
        }
        out << key << YAML::Value;
        Emit(item, out);
      }
      out << YAML::EndMap;
      return;
    case Json::value_t::array:
      if (value.empty()) {
        out << YAML::Flow;
      }
      out << YAML::BeginSeq;
      for (const Json& item : value) {
        Emit(item, out);
      }
      out << YAML::EndSeq;
      return;
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      if (!IsPlainText(text)) {
        out << YAML::DoubleQuoted;
      }
      out << text;
      return;
    }
    case Json::value_t::boolean:
      out << value.get<bool>();
      return;
    case Json::value_t::number_float:
      out << value.get<double>();
      return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      out << value.get<int64_t>();
      return;
    default:
      out << YAML::Null;
  }
}

absl::StatusOr<Json> FromYaml(const YAML::Node& node, int depth) {
  if (depth > kMostDepth) {
    return absl::InvalidArgumentError("it is nested too deeply");
  }
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& entry : node) {
        absl::StatusOr<Json> item = FromYaml(entry.second, depth + 1);
        if (!item.ok()) {
          return item;
        }
        object[entry.first.as<std::string>()] = *std::move(item);
      }
      return object;
    }
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& entry : node) {
        absl::StatusOr<Json> item = FromYaml(entry, depth + 1);
        if (!item.ok()) {
          return item;
        }
        list.push_back(*std::move(item));
      }
      return list;
    }
    case YAML::NodeType::Scalar: {
      const std::string& text = node.Scalar();
      int64_t integer = 0;
      double number = 0;
      if (node.Tag() == "!") {  // it was quoted
        return Json(text);
      }
      if (text == "true" || text == "false") {
        return Json(text == "true");
      }
      if (absl::SimpleAtoi(text, &integer)) {
        return Json(integer);
      }
      return absl::SimpleAtod(text, &number) ? Json(number) : Json(text);
    }
    default:
      return Json();
  }
}

std::vector<std::string> KeysOf(absl::string_view path) {
  std::vector<std::string> keys(1);
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size()) {
      keys.back() += path[++i];
    } else if (path[i] == '.') {
      keys.emplace_back();
    } else {
      keys.back() += path[i];
    }
  }
  return keys;
}

// Where `key` is in `value`, which may become an object for it.
absl::StatusOr<Json*> Step(Json* value, const std::string& key) {
  if (key.empty()) {
    return absl::InvalidArgumentError("a key is empty");
  }
  if (value->is_array()) {
    size_t place = 0;
    if (!absl::SimpleAtoi(key, &place) || place > value->size()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is not a place in a list of ",
                                                     value->size(), ": expected 0 to ",
                                                     value->size()));
    }
    if (place == value->size()) {
      value->push_back(Json());
    }
    return &(*value)[place];
  }
  if (value->is_null()) {
    *value = Json::object();
  }
  if (!value->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" would be in a plain value"));
  }
  return &(*value)[key];
}

}  // namespace

std::string YamlText(const Json& value) {
  YAML::Emitter out;
  out.SetIndent(2);
  Emit(value, out);
  return absl::StrCat(out.c_str(), "\n");
}

absl::Status SetByPath(absl::string_view assignment, Json* value) {
  const size_t equals = assignment.find('=');
  if (equals == 0 || equals == absl::string_view::npos) {
    return absl::InvalidArgumentError("expected PATH=VALUE");
  }
  absl::StatusOr<Json> wanted = Json();
  try {
    wanted = FromYaml(YAML::Load(std::string(assignment.substr(equals + 1))), 0);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the value is not YAML: character ", error.mark.column + 1, ": ", error.msg));
  }
  if (!wanted.ok()) {
    return wanted.status();
  }
  Json* place = value;
  for (const std::string& key : KeysOf(assignment.substr(0, equals))) {
    const absl::StatusOr<Json*> next = Step(place, key);
    if (!next.ok()) {
      return next.status();
    }
    place = *next;
  }
  *place = *std::move(wanted);
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
