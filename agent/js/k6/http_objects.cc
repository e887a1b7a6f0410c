#include "agent/js/k6/http_objects.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/data/crypto/text_codec.h"
#include "agent/http/form.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/web_forms.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {
namespace {

// What marks objects as made here; scripts can neither see nor forge it.
v8::Local<v8::Private> Mark(v8::Isolate* isolate, absl::string_view kind) {
  return v8::Private::ForApi(isolate, JsName(isolate, absl::StrCat("lockstep.http.", kind)));
}

void SetMark(Context context, v8::Local<v8::Object> object, absl::string_view kind) {
  v8::Isolate* isolate = context->GetIsolate();
  object->SetPrivate(context, Mark(isolate, kind), v8::True(isolate)).Check();
}

bool HasMark(Context context, v8::Local<v8::Value> value, absl::string_view kind) {
  return value->IsObject() && value.As<v8::Object>()
                                  ->HasPrivate(context, Mark(context->GetIsolate(), kind))
                                  .FromMaybe(false);
}

bool PropertyAsText(Context context, v8::Local<v8::Object> object, absl::string_view name,
                    std::string* text) {
  v8::Local<v8::Value> value;
  return GetProperty(context, object, name, &value) && ToText(context, value, text);
}

void UrlToString(const Info& info) {
  v8::Local<v8::Value> url;
  if (GetProperty(info.GetIsolate()->GetCurrentContext(), info.This(), "url", &url)) {
    info.GetReturnValue().Set(url);
  }
}

bool IsFlat(v8::Local<v8::Value> value) {
  return !value->IsObject() || value->IsStringObject() || value->IsNumberObject() ||
         value->IsBooleanObject() || value->IsDate();
}

// Of a file of MakeFileData. False with a pending exception.
bool ReadFilePart(Context context, v8::Local<v8::Object> file, FormPart* part) {
  part->is_file = true;
  v8::Local<v8::Value> data;
  return PropertyAsText(context, file, "filename", &part->filename) &&
         PropertyAsText(context, file, "content_type", &part->content_type) &&
         GetProperty(context, file, "data", &data) &&
         (BytesOrText(context->GetIsolate(), data, &part->data) ||
          ToText(context, data, &part->data));
}

bool AddField(Context context, absl::string_view name, v8::Local<v8::Value> value,
              std::vector<FormPart>* fields, std::vector<std::string>* emptied) {
  FormPart field;
  field.name = std::string(name);
  std::optional<WebBody> web;
  const bool file = IsFileData(context, value);
  if (file ? !ReadFilePart(context, value.As<v8::Object>(), &field)
           : !ReadWebBody(context, value, &web)) {
    return false;
  }
  if (web.has_value() && web->filename.has_value()) {
    field.is_file = true;
    field.data = std::move(web->bytes);
    field.filename = *std::move(web->filename);
    field.content_type = std::move(web->type);
  } else if (!file && !IsFlat(value)) {
    emptied->push_back(field.name);
  } else if (!file && !value->IsNullOrUndefined() && !ToText(context, value, &field.data)) {
    return false;
  }
  fields->push_back(std::move(field));
  return true;
}

bool FieldsOf(Context context, v8::Local<v8::Object> object, std::vector<FormPart>* fields,
              std::vector<std::string>* emptied) {
  return ForEachOwn(context, object, [&](const std::string& name, v8::Local<v8::Value> value) {
    const auto add = [&](v8::Local<v8::Value> field) {
      return AddField(context, name, field, fields, emptied);
    };
    return IsList(value) ? ForEachItem(context, value.As<v8::Object>(), add) : add(value);
  });
}

}  // namespace

v8::Local<v8::Object> MakeNamedUrl(Context context, const NamedUrl& url) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetProperty(context, object, "name", url.name);
  SetProperty(context, object, "url", url.url);
  SetProperty(context, object, "clean_url", url.url);
  v8::Local<v8::Function> to_string;
  if (v8::Function::New(context, UrlToString).ToLocal(&to_string)) {
    object->DefineOwnProperty(context, JsName(isolate, "toString"), to_string, v8::DontEnum)
        .Check();
  }
  SetMark(context, object, "url");
  return object;
}

std::optional<NamedUrl> NamedUrlOf(Context context, v8::Local<v8::Value> value) {
  NamedUrl url;
  if (!HasMark(context, value, "url") ||
      !PropertyAsText(context, value.As<v8::Object>(), "url", &url.url) ||
      !PropertyAsText(context, value.As<v8::Object>(), "name", &url.name)) {
    return std::nullopt;
  }
  return url;
}

v8::Local<v8::Object> MakeFileData(Context context, v8::Local<v8::Value> data,
                                   absl::string_view filename, absl::string_view content_type) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetProperty(context, object, "data", data);
  SetProperty(context, object, "filename", filename);
  SetProperty(context, object, "content_type", content_type);
  SetMark(context, object, "file");
  return object;
}

bool IsFileData(Context context, v8::Local<v8::Value> value) {
  return HasMark(context, value, "file");
}

v8::Local<v8::Object> MakeExpectedStatuses(Context context, ExpectedStatuses statuses) {
  v8::Local<v8::Object> object;
  if (!MakeHolder(context, std::make_unique<ExpectedStatuses>(std::move(statuses)))
           .ToLocal(&object)) {
    return v8::Object::New(context->GetIsolate());
  }
  SetMark(context, object, "statuses");
  return object;
}

const ExpectedStatuses* ExpectedStatusesOf(Context context, v8::Local<v8::Value> value) {
  return HasMark(context, value, "statuses") ? OwnedBy<ExpectedStatuses>(value.As<v8::Object>())
                                             : nullptr;
}

bool EncodeObjectBody(Context context, v8::Local<v8::Object> object, EncodedBody* body) {
  std::vector<FormPart> fields;
  if (!FieldsOf(context, object, &fields, &body->emptied)) {
    return false;
  }
  const bool multipart = std::any_of(fields.begin(), fields.end(),
                                     [](const FormPart& field) { return field.is_file; });
  if (multipart) {
    const std::string boundary = EncodeHex(RandomBytes(24));
    body->bytes = EncodeMultipart(fields, boundary);
    body->content_type = absl::StrCat("multipart/form-data; boundary=", boundary);
    return true;
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (FormPart& field : fields) {
    pairs.emplace_back(std::move(field.name), std::move(field.data));
  }
  body->bytes = EncodeForm(std::move(pairs));
  body->content_type = "application/x-www-form-urlencoded";
  return true;
}

}  // namespace lockstep::agent
