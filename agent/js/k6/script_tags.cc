#include "agent/js/k6/script_tags.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_members.h"

namespace lockstep::agent {

absl::Status AddScriptTags(Context context, absl::string_view what, v8::Local<v8::Value> given,
                           ApiVu& vu, TagSet* tags) {
  if (given.IsEmpty() || given->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  v8::Local<v8::Object> object;
  if (!MembersOf(context, vu, what, given, &object)) {
    return absl::CancelledError();
  }
  const auto add = [&](const std::string& key, v8::Local<v8::Value> value) {
    if (!value->IsString() && !value->IsNumber() && !value->IsBoolean()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "invalid value for metric tag '", key,
          "': only String, Boolean and Number types are accepted as a metric tag values"));
    }
    std::string text;
    if (!ToText(context, value, &text)) {
      return absl::CancelledError();
    }
    *tags = vu.sink().tags().With(*tags, key, text);
    return absl::OkStatus();
  };
  return ForEachOwnOrStatus(context, object, add);
}

std::string TagConnection(ApiVu& vu, absl::string_view url, TagSet* tags) {
  TagSetTable& table = vu.sink().tags();
  const auto name = table.Find(*tags, SystemTagName(SystemTag::kName));
  std::string shown(name ? *name : url);
  for (const SystemTag tag : {SystemTag::kUrl, SystemTag::kName}) {
    if (vu.system_tags().Has(tag) && !(name && tag == SystemTag::kName)) {
      *tags = table.With(*tags, SystemTagName(tag), shown);
    }
  }
  return shown;
}

bool AddScriptTagsOrThrow(Context context, absl::string_view what, v8::Local<v8::Value> given,
                          ApiVu& vu, TagSet* tags) {
  const absl::Status status = AddScriptTags(context, what, given, vu, tags);
  if (!status.ok()) {
    ThrowStatus(context->GetIsolate(), status);
  }
  return status.ok();
}

}  // namespace lockstep::agent
