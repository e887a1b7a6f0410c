// `console`, and how it writes values.
#pragma once

#include <string>

#include <v8.h>

namespace lockstep::agent {

// Strings as they are, primitives as String() says, objects as `{ k: [ 1, "x" ] }` up to a depth of
// 4 and 100 entries each; errors as their stack. Getters and proxies of the script are not run.
std::string FormatForConsole(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

// The object with log, debug, info, warn, error, trace, table, dir and assert.
v8::Local<v8::Object> MakeConsole(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
