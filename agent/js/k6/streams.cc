#include "agent/js/k6/streams.h"

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

v8::MaybeLocal<v8::Value> RunLibrary(Context context, absl::string_view source) {
  v8::Local<v8::Script> script;
  return v8::Script::Compile(context, JsText(context->GetIsolate(), source)).ToLocal(&script)
             ? script->Run(context)
             : v8::MaybeLocal<v8::Value>();
}

}  // namespace

v8::Local<v8::Object> MakeStreamsModule(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Private> key =
      v8::Private::ForApi(isolate, JsName(isolate, "lockstep:streams"));
  v8::Local<v8::Value> made, library, make;
  if (context->Global()->GetPrivate(context, key).ToLocal(&made) && made->IsObject()) {
    return made.As<v8::Object>();
  }
  if (!RunLibrary(context, WebStreamsSource()).ToLocal(&library) ||
      !RunLibrary(context, StreamsSource()).ToLocal(&make) ||
      !make.As<v8::Function>()->Call(context, v8::Undefined(isolate), 1, &library).ToLocal(&made) ||
      context->Global()->SetPrivate(context, key, made).IsNothing()) {
    return v8::Object::New(isolate);
  }
  return made.As<v8::Object>();
}

}  // namespace lockstep::agent
