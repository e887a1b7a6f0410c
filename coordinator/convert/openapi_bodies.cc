#include "coordinator/convert/openapi_bodies.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "coordinator/convert/forms.h"
#include "coordinator/convert/openapi_parameter.h"

namespace lockstep::coordinator {

namespace {

using Field = RecordedBody::Field;

}  // namespace

void OpenApiBodies::LeaveOut(absl::string_view place, absl::string_view what) {
  recording_.left_out.push_back(absl::StrCat(place, ": ", what));
}

void OpenApiBodies::AddFile(const std::string& place, const std::string& name,
                            const std::string& type, std::vector<Field>* form) {
  form->push_back({Plain(name), Plain(kFileContent), absl::StrCat(name, ".bin"), type});
  LeaveOut(place, FileLeftOut(absl::StrCat("the file ", name)));
}

// What the operation takes, or else all operations do.
const Json& OpenApiBodies::Consumed(const Json& operation) const {
  const Json& own = FieldOf(operation, "consumes");
  return own.is_array() ? own : ListOf(document_, "consumes");
}
bool OpenApiBodies::Consumes(const Json& operation, absl::string_view type) const {
  const Json& types = Consumed(operation);
  return std::any_of(types.begin(), types.end(),
                     [type](const Json& each) { return absl::StrContains(TextOf(each), type); });
}

void OpenApiBodies::SwaggerForm(const std::string& place, const Json& operation,
                                std::vector<Field> form, RecordedRequest* request) {
  const bool has_files =
      std::any_of(form.begin(), form.end(), [](const auto& field) { return !field.file.empty(); });
  if (form.empty()) {
    return;
  }
  if (has_files || (Consumes(operation, "multipart/form-data") &&
                    !Consumes(operation, "x-www-form-urlencoded"))) {
    Multipart(place, std::move(form), request);
  } else {
    SetForm(std::move(form), request);
  }
}

void OpenApiBodies::Multipart(const std::string& place, std::vector<Field> form,
                              RecordedRequest* request) {
  for (const std::string& differs : SetMultipart(std::move(form), request)) {
    LeaveOut(place, differs);
  }
}

bool OpenApiBodies::Fits(const std::string& place, const Json& value) {
  const size_t bytes = value.is_string() ? TextOf(value).size() : JsonText(value).size();
  if (bytes > kMaxRecordingBytes - bytes_) {
    LeaveOut(place, "a value: all examples together are too large");
    return false;
  }
  bytes_ += bytes;
  return true;
}

void OpenApiBodies::SetText(const std::string& place, const Json& sample, const std::string& text,
                            const std::string& type, RecordedRequest* request) {
  if (Fits(place, sample)) {
    request->body = {RecordedBody::Kind::kText, Plain(text), {}};
    SetDefaultHeader("Content-Type", type, request);
  }
}

void OpenApiBodies::SwaggerBody(const std::string& place, const Json& operation, const Json& sample,
                                RecordedRequest* request) {
  const Json& types = Consumed(operation);
  const std::string type = types.empty() ? "application/json" : TextOf(types.front());
  if (types.empty() || Consumes(operation, "json")) {
    SetText(place, sample, JsonText(sample), "application/json", request);
  } else if (absl::StartsWith(type, "text/") && !sample.is_structured()) {
    SetText(place, sample, TextOf(sample), type, request);
  } else {
    LeaveOut(place, absl::StrCat("a body of the type ", type));
  }
}

// Of the schema's property, whether it is a file's content.
bool OpenApiBodies::IsFile(const Json& schema, const std::string& name) {
  const Json* property = &sampler_.Resolve(FieldOf(FieldOf(schema, "properties"), name.c_str()));
  if (TextOf(*property, "type") == "array") {
    property = &sampler_.Resolve(FieldOf(*property, "items"));
  }
  const std::string format = TextOf(*property, "format");
  return format == "binary" || format == "base64" ||
         !FieldOf(*property, "contentMediaType").is_null();
}

void OpenApiBodies::Body(const std::string& place, const Json& operation,
                         RecordedRequest* request) {
  const Json& body = sampler_.Resolve(FieldOf(operation, "requestBody"));
  const Json& content = FieldOf(body, "content");
  if (!content.is_object() || content.empty()) {
    return;
  }
  for (const auto& [type, media] : content.items()) {
    const bool is_multipart = absl::StartsWith(type, "multipart/form-data");
    if (absl::StrContains(type, "json")) {
      const Json sample = sampler_.SampleOf(media);
      SetText(place, sample, JsonText(sample), type, request);
      return;
    }
    if (is_multipart || absl::StartsWith(type, "application/x-www-form-urlencoded")) {
      FormBody(place, media, is_multipart, request);
      return;
    }
    if (absl::StartsWith(type, "text/")) {
      const Json sample = sampler_.SampleOf(media);
      SetText(place, sample, TextOf(sample), type, request);
      return;
    }
  }
  LeaveOut(place, absl::StrCat("a body of the type ", content.begin().key()));
}

void OpenApiBodies::FormBody(const std::string& place, const Json& media, bool is_multipart,
                             RecordedRequest* request) {
  const Json& schema = sampler_.Resolve(FieldOf(media, "schema"));
  const Json sample = sampler_.SampleOf(media);
  std::vector<Field> fields;
  if (!sample.is_object() || !Fits(place, sample)) {
    LeaveOut(place, "a form whose fields are not described");
    return;
  }
  for (const auto& [name, value] : sample.items()) {
    const Json& encoding = FieldOf(FieldOf(media, "encoding"), name.c_str());
    const std::string type = is_multipart ? TextOf(encoding, "contentType") : "";
    if (is_multipart && IsFile(schema, name)) {
      AddFile(place, name, type, &fields);
      continue;
    }
    for (auto& [field, text] : FormFields(encoding, name, value)) {
      fields.push_back(
          {Plain(field), Plain(text), "",
           is_multipart && value.is_object() && type.empty() ? "application/json" : type});
    }
  }
  if (is_multipart) {
    Multipart(place, std::move(fields), request);
  } else {
    SetForm(std::move(fields), request);
  }
}

}  // namespace lockstep::coordinator
