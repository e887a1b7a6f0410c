#include "common/options/value_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/json_text.h"
#include "common/base/nearest.h"
#include "common/base/safe_integer.h"
#include "common/options/duration.h"

namespace lockstep {

std::string ShortText(const nlohmann::json& value) {
  constexpr size_t kLimit = 80;
  std::string text = JsonText(value);
  if (text.size() > kLimit) {
    text.resize(kLimit);
    text += "...";
  }
  return text;
}

std::string ListOf(std::vector<absl::string_view> choices) {
  std::erase(choices, "");
  return absl::StrJoin(choices, ", ");
}

bool IsEmptyText(const nlohmann::json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty();
}

void ValueReader::Expected(absl::string_view allowed) const {
  errors_->push_back(
      absl::StrCat(path_, ": invalid value ", ShortText(value_), ": expected ", allowed));
}

void ValueReader::Fail(absl::string_view message) const {
  errors_->push_back(absl::StrCat(path_, ": ", message));
}

std::optional<bool> ValueReader::Bool() const {
  if (value_.is_boolean()) {
    return value_.get<bool>();
  }
  Expected("true or false");
  return std::nullopt;
}

std::optional<int64_t> ValueReader::Int() const {
  if (value_.is_number_unsigned() &&
      value_.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    Expected("an integer below 2^63");
    return std::nullopt;
  }
  if (value_.is_number_integer()) {
    return value_.get<int64_t>();
  }
  if (value_.is_number_float()) {
    const double number = value_.get<double>();
    if (number == std::trunc(number) && std::abs(number) <= kMaxSafeInteger) {
      return static_cast<int64_t>(number);
    }
  }
  int64_t number = 0;
  if (value_.is_string() && absl::SimpleAtoi(value_.get_ref<const std::string&>(), &number)) {
    return number;
  }
  Expected("an integer");
  return std::nullopt;
}

std::optional<absl::Duration> ValueReader::Duration() const {
  absl::StatusOr<absl::Duration> duration = DurationFromJson(value_);
  if (!duration.ok()) {
    Fail(duration.status().message());
    return std::nullopt;
  }
  return *duration;
}

std::optional<std::string> ValueReader::String() const {
  if (value_.is_string()) {
    return value_.get<std::string>();
  }
  Expected("a string");
  return std::nullopt;
}

std::optional<std::vector<std::string>> ValueReader::StringList() const {
  std::vector<std::string> list;
  bool good = value_.is_array();
  if (good) {
    for (const nlohmann::json& element : value_) {
      if (!element.is_string()) {
        good = false;
        break;
      }
      list.push_back(element.get<std::string>());
    }
  }
  if (!good) {
    Expected("a list of strings");
    return std::nullopt;
  }
  return list;
}

std::optional<std::map<std::string, std::string>> ValueReader::StringMap() const {
  if (!value_.is_object()) {
    Expected("an object of strings");
    return std::nullopt;
  }
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : value_.items()) {
    if (value.is_string()) {
      map[key] = value.get<std::string>();
    } else if (value.is_null()) {
      map[key] = "";
    } else {
      Member(key).Expected("a string");
      return std::nullopt;
    }
  }
  return map;
}

std::optional<std::string> ValueReader::OneOf(const std::vector<absl::string_view>& allowed) const {
  if (value_.is_string() && std::find(allowed.begin(), allowed.end(),
                                      value_.get_ref<const std::string&>()) != allowed.end()) {
    return value_.get<std::string>();
  }
  Expected(absl::StrCat("one of ", ListOf(allowed)));
  return std::nullopt;
}

bool ValueReader::RequireObject() const {
  if (!value_.is_object()) {
    Expected("an object");
  }
  return value_.is_object();
}

bool ValueReader::RequireArray() const {
  if (!value_.is_array()) {
    Expected("a list");
  }
  return value_.is_array();
}

ValueReader ValueReader::Member(const std::string& key) const {
  return ValueReader(*Locate(key), absl::StrCat(path_, ".", key), errors_);
}

ValueReader ValueReader::Element(size_t index) const {
  return ValueReader(value_.at(index), absl::StrCat(path_, "[", index, "]"), errors_);
}

const nlohmann::json* ValueReader::Find(const std::string& key) const {
  const nlohmann::json* found = Locate(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

const nlohmann::json* ValueReader::Locate(const std::string& key) const {
  if (const auto exact = value_.find(key); exact != value_.end()) {
    return &*exact;
  }
  for (const auto& [name, member] : value_.items()) {
    if (value_.is_object() && absl::EqualsIgnoreCase(name, key)) {
      return &member;
    }
  }
  return nullptr;
}

void ValueReader::RefuseUnknown(const std::vector<absl::string_view>& known) const {
  for (const auto& [key, value] : value_.items()) {
    if (std::none_of(known.begin(), known.end(), [&key = key](absl::string_view name) {
          return absl::EqualsIgnoreCase(name, key);
        })) {
      Fail(absl::StrCat("unknown field \"", key, "\"",
                        MeantOrAllowed(key, std::vector<std::string>(known.begin(), known.end()))));
    }
  }
}

}  // namespace lockstep
