// The Response of `k6/http`: what came of a request, as the script sees it. Most fields are made
// when a script first looks at them.
#pragma once

#include <v8.h>

#include "agent/http/call.h"

namespace lockstep::agent {

enum class ResponseType { kText, kBinary, kNone };

// Makes Response objects in one context.
class ResponseFactory {
 public:
  explicit ResponseFactory(v8::Local<v8::Context> context);

  // Empty with a pending exception, which only a terminated or exhausted isolate has.
  v8::MaybeLocal<v8::Object> Make(v8::Local<v8::Context> context, HttpCallResult result,
                                  ResponseType type);

  // Where methods that need more than the response are added: html, submitForm, clickLink.
  v8::Local<v8::ObjectTemplate> prototype(v8::Isolate* isolate) const {
    return class_.Get(isolate)->PrototypeTemplate();
  }

 private:
  v8::Global<v8::FunctionTemplate> class_;
};

}  // namespace lockstep::agent
