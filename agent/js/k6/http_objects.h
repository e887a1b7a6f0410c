// The objects of `k6/http` that requests are made of: http.url`...`, http.file(...),
// http.expectedStatuses(...), and bodies given as objects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/strings/string_view.h"

#include "agent/http/expected_statuses.h"

namespace lockstep::agent {

// An address, and the name under which its samples go.
struct NamedUrl {
  std::string url, name;
};
v8::Local<v8::Object> MakeNamedUrl(v8::Local<v8::Context> context, const NamedUrl& url);
std::optional<NamedUrl> NamedUrlOf(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

// A file of a multipart form.
v8::Local<v8::Object> MakeFileData(v8::Local<v8::Context> context, v8::Local<v8::Value> data,
                                   absl::string_view filename, absl::string_view content_type);
bool IsFileData(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

v8::Local<v8::Object> MakeExpectedStatuses(v8::Local<v8::Context> context,
                                           ExpectedStatuses statuses);
// Null for other values.
const ExpectedStatuses* ExpectedStatusesOf(v8::Local<v8::Context> context,
                                           v8::Local<v8::Value> value);

// An object as a request's body: a form, or a multipart form if it holds a file. Null is an empty
// value, as is what a form cannot hold.
struct EncodedBody {
  std::string bytes, content_type;
  std::vector<std::string> emptied;  // names of fields that were objects
};
// False with a pending exception.
bool EncodeObjectBody(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                      EncodedBody* body);

}  // namespace lockstep::agent
