// Tags that a script gives to samples, as an object of strings, numbers and booleans.
#pragma once

#include <v8.h>

#include "absl/status/status.h"

#include "agent/js/k6/api_vu.h"
#include "common/metrics/tag_set.h"

namespace lockstep::agent {

// `tags` with those of `given` set; null and undefined set none, and what is not an object is taken
// as MembersOf does, `what` being its name in the log: "k6/http: tags". InvalidArgument, naming the
// tag, for a value of another type; a pending exception (a getter threw) is a Cancelled status.
absl::Status AddScriptTags(Context context, absl::string_view what, v8::Local<v8::Value> given,
                           ApiVu& vu, TagSet* tags);

// What a connection is shown as: the tag `name` that a script has given it, or else `url`. Those of
// the system tags `url` and `name` that are on and not given are set to it.
std::string TagConnection(ApiVu& vu, absl::string_view url, TagSet* tags);

// Throws what AddScriptTags reports, unless an exception is pending already.
bool AddScriptTagsOrThrow(Context context, absl::string_view what, v8::Local<v8::Value> given,
                          ApiVu& vu, TagSet* tags);

}  // namespace lockstep::agent
