#include "agent/js/k6/script_members.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {

bool MembersOf(Context context, ApiVu& vu, absl::string_view what, v8::Local<v8::Value> value,
               v8::Local<v8::Object>* members) {
  if (value->IsString()) {  // not shown: it may be a password, and another one in each call
    WarnOfCall(
        vu,
        absl::StrCat(what, " is a text, each letter of which becomes one; an object is expected"));
  } else if (!value->IsObject() && !value->IsNullOrUndefined()) {
    WarnOfCall(vu, absl::StrCat(what, " is ", Shown(context, value),
                                ": without effect, as an object is expected"));
  }
  return value->ToObject(context).ToLocal(members) &&
         WithPairsAsProperties(context, *members).ToLocal(members);
}

void SetScriptHeader(HeaderList& headers, std::string canonical_name, std::string value) {
  const auto same = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return header.first == canonical_name;
  });
  if (same != headers.end()) {
    same->second = std::move(value);
  } else {
    headers.emplace_back(std::move(canonical_name), std::move(value));
  }
}

}  // namespace lockstep::agent
