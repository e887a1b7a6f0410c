#include "agent/js/k6/streams.h"

#include "agent/js/bind/script_exports.h"

namespace lockstep::agent {

v8::Local<v8::Object> MakeStreamsModule(Context context) {
  v8::Local<v8::Object> exports;
  const auto make = [context]() -> v8::MaybeLocal<v8::Value> {
    v8::Local<v8::Value> library;
    return Evaluated(context, "vendor/web-streams.js").ToLocal(&library)
               ? ResultOf(context, "k6/streams.js", {library})
               : v8::MaybeLocal<v8::Value>();
  };
  return MadeOnce(context, "lockstep:streams", make).ToLocal(&exports)
             ? exports
             : v8::Object::New(context->GetIsolate());
}

}  // namespace lockstep::agent
