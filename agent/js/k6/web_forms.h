// The classes of the web that hold what is sent: Blob, File and FormData.
#pragma once

#include <optional>
#include <string>

#include <v8.h>

namespace lockstep::agent {

// What agent/js/web/blob.js and form_data.js make, in one object, the same in each call for a
// context: a Blob is an instance of one class wherever it comes from. Empty with a pending
// exception.
v8::MaybeLocal<v8::Object> WebForms(v8::Local<v8::Context> context);

// A body, or a file of a form.
struct WebBody {
  std::string bytes, type;
  std::optional<std::string> filename = {};  // of a Blob or a File; nothing: it is a FormData
};
// `body` is nothing for other values. False with a pending exception.
bool ReadWebBody(v8::Local<v8::Context> context, v8::Local<v8::Value> value,
                 std::optional<WebBody>* body);

// A copy of a Blob or a File; undefined for other values. Empty with a pending exception.
v8::MaybeLocal<v8::Value> CopyOfBlob(v8::Local<v8::Context> context, v8::Local<v8::Object> value);

}  // namespace lockstep::agent
