// JSON as text, for values that may hold any bytes.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

namespace lockstep {

// `value`, a nlohmann::json or ordered_json, as JSON writes it: on one line, or with `indent`
// spaces a level. Bytes in its strings that are not UTF-8, which users' names and tags may hold,
// become U+FFFD instead of an exception.
template <class Json>
std::string JsonText(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lockstep
