#include "agent/js/api/script_tags.h"

#include "absl/strings/str_cat.h"

#include "agent/js/api/glue.h"

namespace lockstep::agent {

absl::Status AddScriptTags(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                           TagSetTable& table, TagSetId* tags) {
  if (object.IsEmpty() || object->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (!object->IsObject()) {
    return absl::InvalidArgumentError("invalid tags: an object of names and values is expected");
  }
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> given = object.As<v8::Object>();
  v8::Local<v8::Array> names;
  if (!given
           ->GetOwnPropertyNames(context, v8::ONLY_ENUMERABLE,
                                 v8::KeyConversionMode::kConvertToString)
           .ToLocal(&names)) {
    return absl::CancelledError();
  }
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name, value;
    std::string text;
    if (!names->Get(context, i).ToLocal(&name) || !given->Get(context, name).ToLocal(&value)) {
      return absl::CancelledError();
    }
    const std::string key = TextOf(isolate, name.As<v8::String>());
    if (!value->IsString() && !value->IsNumber() && !value->IsBoolean()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "invalid value for metric tag '", key,
          "': only String, Boolean and Number types are accepted as a metric tag values"));
    }
    if (!ToText(context, value, &text)) {
      return absl::CancelledError();
    }
    *tags = table.With(*tags, key, text);
  }
  return absl::OkStatus();
}

bool AddScriptTagsOrThrow(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                          TagSetTable& table, TagSetId* tags) {
  const absl::Status status = AddScriptTags(context, object, table, tags);
  if (!status.ok() && !absl::IsCancelled(status)) {
    ThrowStatus(context->GetIsolate(), status);
  }
  return status.ok();
}

}  // namespace lockstep::agent
