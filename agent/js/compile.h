// Compiles what scripts are made of, with syntax errors that name their place. On the isolate's
// thread; empty means that an exception is pending.
#pragma once

#include <string>

#include <v8.h>

namespace lockstep::agent {

v8::MaybeLocal<v8::Module> CompileEsModule(v8::Local<v8::Context> context, const std::string& url,
                                           v8::Local<v8::String> text);
// The same with the exception as V8 throws it.
v8::MaybeLocal<v8::Module> CompilePlainly(v8::Local<v8::Context> context, const std::string& url,
                                          v8::Local<v8::String> text);
// The function (exports, module) that is the file's body.
v8::MaybeLocal<v8::Function> CompileCommonJs(v8::Local<v8::Context> context, const std::string& url,
                                             v8::Local<v8::String> text);
// Whether that compiles. Leaves no exception.
bool IsCommonJs(v8::Local<v8::Context> context, const std::string& url, v8::Local<v8::String> text);

// Takes the attributes of imports out of a module's code, which this V8 does not know. False with a
// pending exception: there are others than `type: 'json'`.
bool BlankAttributes(v8::Local<v8::Context> context, const std::string& url, std::string* code);

}  // namespace lockstep::agent
