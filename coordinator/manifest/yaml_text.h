// JSON values as YAML for people: keys in their order, block style, strings that stay strings.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace lockstep::coordinator {

// One document, with a line break at its end and no mark at its beginning. Pure.
std::string YamlText(const nlohmann::ordered_json& value);

// Sets what `assignment`, "spec.template.spec.nodeSelector.disk=ssd", says: a path of keys and of
// places in lists ("containers.0"), and a value in YAML. Keys that are not there are made; a dot in
// a key is written \. and a place one beyond a list's end makes another item. InvalidArgument says
// what is wrong.
absl::Status SetByPath(absl::string_view assignment, nlohmann::ordered_json* value);

}  // namespace lockstep::coordinator
