// The Response of `k6/http`: what came of a request, as the script sees it. Most fields are made
// when a script first looks at them.
#pragma once

#include <v8.h>

#include "agent/http/call.h"

namespace lockstep::agent {

// kStream: the head is all there is when the object is made; whoever makes it adds `body`.
enum class ResponseType { kText, kBinary, kNone, kStream };

// Makes Response objects in one context.
class ResponseFactory {
 public:
  // `add_methods` adds the methods that need more than the response, which stand behind json().
  ResponseFactory(v8::Isolate* isolate,
                  void (*add_methods)(v8::Isolate* isolate,
                                      v8::Local<v8::FunctionTemplate> response));

  // Empty with a pending exception, which only a terminated or exhausted isolate has.
  // Takes of `result` what it does not copy.
  v8::MaybeLocal<v8::Object> Make(v8::Local<v8::Context> context, HttpCallResult& result,
                                  ResponseType type);

 private:
  v8::Global<v8::FunctionTemplate> class_;
};

// What fetch has to know of `response`, which a ResponseFactory has made, beyond its properties: {
// headers, redirected }. The headers are the lines as they came, as pairs of name and value, whose
// bytes are Latin-1.
v8::Local<v8::Object> FetchFacts(v8::Local<v8::Context> context, v8::Local<v8::Object> response);

}  // namespace lockstep::agent
