// Values as a JSON schema describes them, for requests to send. Internal to coordinator/convert.
#pragma once

#include <set>
#include <string>

#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {

// Makes samples of the schemas of one document. Bounded: what refers to itself ends after some steps.
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
  // The references that led nowhere so far.
  const std::set<std::string>& unresolved() const { return unresolved_; }

 private:
  Json Make(const Json& given, int depth, int* budget);
  Json MakeObject(const Json& schema, int depth, int* budget);

  const Json& document_;
  std::set<std::string> unresolved_;
};

}  // namespace lockstep::coordinator
