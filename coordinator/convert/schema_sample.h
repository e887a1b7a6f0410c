// Values as a JSON schema describes them, for requests to send. Internal to coordinator/convert.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {

// Makes samples of the schemas of one document. What refers to itself ends there: a list is empty,
// a member that need not be there is left out.
class SchemaSampler {
 public:
  // `document` is borrowed: references are looked up in it.
  explicit SchemaSampler(const Json& document) : document_(document) {}

  // What `value` refers to, if it is a reference; null for one that is not in the document.
  const Json& Resolve(const Json& value);
  // An example, a default, the first of an enumeration, or what the type says.
  Json Sample(const Json& schema);
  // Of a parameter or a media type: its own example, or its schema's.
  Json SampleOf(const Json& described);
  // Whether limits cut one of the samples since this was asked.
  bool TakeIsCut() { return std::exchange(is_cut_, false); }
  // The references that led nowhere so far.
  const std::set<std::string>& unresolved() const { return unresolved_; }

 private:
  // None: it refers to itself, or goes beyond the limits.
  std::optional<Json> Make(const Json& given);
  std::optional<Json> MakeByType(const Json& schema);
  std::optional<Json> MakeObject(const Json& schema);

  const Json& document_;
  int budget_ = 0;                 // values that the sample may still have
  std::vector<const Json*> open_;  // schemas that the one at hand is in
  bool is_cut_ = false;
  std::set<std::string> unresolved_;
};

}  // namespace lockstep::coordinator
