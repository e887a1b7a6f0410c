// Objects of names and values that scripts give, such as headers, cookies and tags.
#pragma once

#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// `value` as an object, as k6 takes what is none: a text is an object of its letters, which the log
// says; a Map or Headers is one of its pairs. `what` is its name in the log: "k6/http: headers".
// False with a pending exception, as for null and undefined.
bool MembersOf(Context context, ApiVu& vu, absl::string_view what, v8::Local<v8::Value> value,
               v8::Local<v8::Object>* members);

// Sets one of a script's headers, by its CanonicalHeader: names that differ only in case are one
// header, of which the last is meant.
void SetScriptHeader(HeaderList& headers, std::string canonical_name, std::string value);

}  // namespace lockstep::agent
