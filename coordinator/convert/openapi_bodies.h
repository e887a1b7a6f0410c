// Bodies of requests as the description of an API has them. Internal to coordinator/convert.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "coordinator/convert/json_fields.h"
#include "coordinator/convert/recording.h"
#include "coordinator/convert/schema_sample.h"

namespace lockstep::coordinator {

// `place` is for what cannot be converted.
class OpenApiBodies {
 public:
  // All are borrowed.
  OpenApiBodies(const Json& document, SchemaSampler* sampler, Recording* recording)
      : document_(document), sampler_(*sampler), recording_(*recording) {}

  // The operation's `requestBody`, if it has one.
  void Body(const std::string& place, const Json& operation, RecordedRequest* request);
  // Of Swagger 2: the parameter in the body, of which there is a sample, and the parameters that
  // are fields of a form.
  void SwaggerBody(const std::string& place, const Json& operation, const Json& sample,
                   RecordedRequest* request);
  void SwaggerForm(const std::string& place, const Json& operation,
                   std::vector<RecordedBody::Field> form, RecordedRequest* request);
  // A field that is a file.
  void AddFile(const std::string& place, const std::string& name, const std::string& type,
               std::vector<RecordedBody::Field>* form);
  // One example can be referred to by all operations: they must not be more text together than
  // files may have. Counts `value`; false: it is too much, which is told.
  bool Fits(const std::string& place, const Json& value);

 private:
  void LeaveOut(absl::string_view place, absl::string_view what);
  const Json& Consumed(const Json& operation) const;
  bool Consumes(const Json& operation, absl::string_view type) const;
  bool IsFile(const Json& schema, const std::string& name);
  void SetText(const std::string& place, const Json& sample, const std::string& text,
               const std::string& type, RecordedRequest* request);
  void FormBody(const std::string& place, const Json& media, bool is_multipart,
                RecordedRequest* request);
  void Multipart(const std::string& place, std::vector<RecordedBody::Field> form,
                 RecordedRequest* request);

  const Json& document_;
  SchemaSampler& sampler_;
  Recording& recording_;
  size_t bytes_ = 0;  // of samples so far
};

}  // namespace lockstep::coordinator
