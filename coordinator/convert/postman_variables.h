// Variables of a Postman collection. Internal to coordinator/convert.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "coordinator/convert/json_fields.h"
#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

class PostmanVariables {
 public:
  // `recording` is borrowed: it gets the variables, and what cannot be converted.
  explicit PostmanVariables(Recording* recording) : recording_(*recording) {}

  // The collection's list of them. Values with variables in them follow those.
  void Define(const Json& list);
  // A text with "{{name}}" in it. `place` is for what cannot be converted.
  Template Text(const std::string& text, absl::string_view place);
  // What the text begins with, up to the first variable that has no value.
  std::string StartOf(const Template& text, int depth = 0) const;

 private:
  void DefineOne(const std::string& name, int depth);
  // One that the collection does not define: an environment of Postman's has it.
  void AddUnknown(const std::string& name);
  Template Split(const std::string& text, absl::string_view place, std::vector<std::string>* names);
  void LeaveOut(absl::string_view place, absl::string_view what);

  Recording& recording_;
  std::map<std::string, std::string> values_;  // of the collection
  std::map<std::string, Template> all_;        // that the script has; empty: without a value
  std::set<std::string> open_;                 // that DefineOne() is at
};

}  // namespace lockstep::coordinator
