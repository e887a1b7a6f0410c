#include "common/result/field_reader.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace lockstep {

using nlohmann::json;

void FieldReader::Fail(absl::string_view path, absl::string_view what) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  }
}

const json* FieldReader::Member(const json& object, const std::string& path, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) {
    Fail(absl::StrCat(path, ".", name), "is missing");
    return nullptr;
  }
  return &*found;
}

double FieldReader::Number(const json& object, const std::string& path, const char* name) {
  const json* value = Member(object, path, name);
  if (value == nullptr || !value->is_number() || !std::isfinite(value->get<double>())) {
    Fail(absl::StrCat(path, ".", name), "is no number");
    return 0;
  }
  return value->get<double>();
}

uint64_t FieldReader::Count(const json& object, const std::string& path, const char* name) {
  const json* value = Member(object, path, name);
  if (value == nullptr || !value->is_number_unsigned()) {
    Fail(absl::StrCat(path, ".", name), "is no integer from 0 on");
    return 0;
  }
  return value->get<uint64_t>();
}

std::string FieldReader::Text(const json& object, const std::string& path, const char* name) {
  const json* value = Member(object, path, name);
  if (value == nullptr || !value->is_string()) {
    Fail(absl::StrCat(path, ".", name), "is no string");
    return "";
  }
  return value->get<std::string>();
}

bool FieldReader::Bool(const json& object, const std::string& path, const char* name) {
  const json* value = Member(object, path, name);
  if (value == nullptr || !value->is_boolean()) {
    Fail(absl::StrCat(path, ".", name), "is neither true nor false");
    return false;
  }
  return value->get<bool>();
}

const json& FieldReader::List(const json& object, const std::string& path, const char* name) {
  static const json empty = json::array();
  const json* value = Member(object, path, name);
  if (value == nullptr || !value->is_array()) {
    Fail(absl::StrCat(path, ".", name), "is no list");
    return empty;
  }
  return *value;
}

absl::Time FieldReader::Time(const json& object, const std::string& path, const char* name) {
  absl::Time time = absl::UnixEpoch();
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, Text(object, path, name), &time, &error)) {
    Fail(absl::StrCat(path, ".", name), "is no time such as 2026-01-02T03:04:05Z");
  }
  return time;
}

}  // namespace lockstep
