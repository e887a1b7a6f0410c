// Functions of the language's own library that k6's engine has and an older V8 lacks: toSorted and
// its like, groupBy, the methods of Set, Promise.withResolvers, ...
#pragma once

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Whether a script of this text may use one of them.
bool MentionsLibrary(absl::string_view text);
// Adds those that this V8 lacks, in JavaScript (agent/js/web/library.js), which is evaluated when a
// script first asks for one of them. Does nothing the second time.
void InstallLibrary(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
