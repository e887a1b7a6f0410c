// What went wrong in a script, as text for people.
#pragma once

#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// "Error: oops\n\tat run (file:///dir/script.js:3:9)": the error with its stack. Syntax errors
// start with their place: "SyntaxError: file:///dir/script.js: Line 1:36 Unexpected token '='".
// Runs no user code.
std::string DescribeException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                              v8::Local<v8::Message> message);

// Of a file that a running script has asked for, V8 keeps only where the script asked: puts the
// place in the file that does not compile before it, into the error's stack. Does nothing to other
// errors.
void NamePlaceOfSyntaxError(v8::Local<v8::Context> context, const v8::TryCatch& caught);

// Of an import that fails before anything runs there is no stack: whether that may be so with what
// was caught.
bool MayLackPlace(v8::Isolate* isolate, const v8::TryCatch& caught);
// Whether nothing of a script ran when it was thrown: a class that is called, for one.
bool WasThrownByNoScript(v8::Isolate* isolate, const v8::TryCatch& caught);
// Adds a place, "file:///dir/script.js:1:8", to the stack of an error that has none. No exception
// is on its way.
void NamePlaceIfNone(v8::Local<v8::Context> context, v8::Local<v8::Object> error,
                     const std::string& place);

// What such a text says in short: its first line, and the innermost place in a file,
// "script.js:3:9" (empty: it names none). Views of `text`.
struct FaultKind {
  absl::string_view what;
  absl::string_view where;
};
FaultKind KindOfFault(absl::string_view text);

}  // namespace lockstep::agent
