// One JSON value on its way into an option: typed readers that note an error with key, value and
// what is allowed, and never guess. Internal to common/options.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace lockstep {

// The text "", which k6 takes for a number that is not given: `vus: __ENV.VUS || ''`.
bool IsEmptyText(const nlohmann::json& value);

class ValueReader {
 public:
  // All are borrowed and outlive the reader. `path` names the value in messages: "scenarios.a.vus".
  ValueReader(const nlohmann::json& value, std::string path, std::vector<std::string>* errors)
      : value_(value), path_(std::move(path)), errors_(errors) {}

  const nlohmann::json& value() const { return value_; }
  const std::string& path() const { return path_; }
  std::vector<std::string>* errors() const { return errors_; }

  // Each returns nothing after noting an error. A number may come as a string of digits, as k6 has
  // it.
  std::optional<bool> Bool() const;
  std::optional<int64_t> Int() const;
  std::optional<absl::Duration> Duration() const;
  std::optional<std::string> String() const;
  std::optional<std::vector<std::string>> StringList() const;
  // A value that is null is an empty text, as Go's encoding/json has it.
  std::optional<std::map<std::string, std::string>> StringMap() const;
  // One of `allowed`.
  std::optional<std::string> OneOf(const std::vector<absl::string_view>& allowed) const;

  // Notes an error unless the value is an object (array).
  bool RequireObject() const;
  bool RequireArray() const;
  // Reader of a member or an element; the member must exist.
  ValueReader Member(const std::string& key) const;
  ValueReader Element(size_t index) const;
  // The member if it is there and not null. Its name may be in any letter case, as in k6; one that
  // is written as `key` wins.
  const nlohmann::json* Find(const std::string& key) const;
  // Notes an error for each member that is not one of `known`, in any letter case.
  void RefuseUnknown(const std::vector<absl::string_view>& known) const;

  // Notes "<path>: invalid value <value>: expected <allowed>".
  void Expected(absl::string_view allowed) const;
  // Notes "<path>: <message>".
  void Fail(absl::string_view message) const;

 private:
  const nlohmann::json* Locate(const std::string& key) const;
  const nlohmann::json& value_;
  std::string path_;
  std::vector<std::string>* errors_;
};

// Choices as messages list them, without the empty text, which says the same as nothing.
std::string ListOf(std::vector<absl::string_view> choices);

// `value` as messages show it: JSON, cut to a readable length.
std::string ShortText(const nlohmann::json& value);

}  // namespace lockstep
