// Fields of JSON that need not be there or be of the type that one expects: what is not, is empty.
// Internal to coordinator/convert.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

#include "common/base/json_text.h"

namespace lockstep::coordinator {

using Json = nlohmann::ordered_json;

inline const Json& FieldOf(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) {
    return nothing;
  }
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

// A string as it is, a number or a boolean as JSON writes it, "" for anything else.
inline std::string TextOf(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_number() || value.is_boolean() ? value.dump() : "";
}
inline std::string TextOf(const Json& object, const char* name) {
  return TextOf(FieldOf(object, name));
}

inline const Json& ListOf(const Json& object, const char* name) {
  static const Json empty = Json::array();
  const Json& list = FieldOf(object, name);
  return list.is_array() ? list : empty;
}

}  // namespace lockstep::coordinator
