// Authorisation as the description of an API wants it. Internal to coordinator/convert.
#pragma once

#include <map>
#include <string>

#include "coordinator/convert/json_fields.h"
#include "coordinator/convert/recording.h"
#include "coordinator/convert/schema_sample.h"

namespace lockstep::coordinator {

class OpenApiSecurity {
 public:
  // All are borrowed. `recording` gets the variables of secrets, and what cannot be converted.
  OpenApiSecurity(const Json& document, bool swagger, SchemaSampler* sampler, Recording* recording)
      : document_(document), swagger_(swagger), sampler_(*sampler), recording_(*recording) {}

  // Puts into `request`, whose URL is set already, what the first of the operation's alternatives
  // asks for. `place` is for what cannot be converted.
  void Authorize(const std::string& place, const Json& operation, RecordedRequest* request);

 private:
  void Scheme(const std::string& place, const std::string& name, RecordedRequest* request);
  void ApiKey(const std::string& place, const std::string& scheme, const Json& described,
              RecordedRequest* request);
  void Bearer(const std::string& place, const std::string& scheme, const std::string& type,
              RecordedRequest* request);
  // The script's variable of this name, which has no value unless -e gives one.
  Template Secret(const std::string& name);
  void LeaveOut(absl::string_view place, absl::string_view what);

  const Json& document_;
  const bool swagger_;
  SchemaSampler& sampler_;
  Recording& recording_;
  std::map<std::string, std::string> keys_;  // variables of keys, by their schemes
  bool told_of_token_ = false;
};

}  // namespace lockstep::coordinator
