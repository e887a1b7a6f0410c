#include "agent/js/bind/script_exports.h"

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {

v8::Local<v8::Object> NativeObject(Context context, NativeFunctions functions,
                                   v8::Local<v8::Value> data) {
  v8::Local<v8::Object> native = v8::Object::New(context->GetIsolate());
  for (const auto& [name, function] : functions) {
    SetFunction(context, native, name, function, data);
  }
  return native;
}

v8::MaybeLocal<v8::Value> Evaluated(Context context, absl::string_view path) {
  v8::Local<v8::Script> script;
  return v8::Script::Compile(context, JsText(context->GetIsolate(), EmbeddedScript(path)))
                 .ToLocal(&script)
             ? script->Run(context)
             : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Value> ResultOf(Context context, absl::string_view path,
                                   std::vector<v8::Local<v8::Value>> arguments) {
  v8::Local<v8::Value> function;
  return Evaluated(context, path).ToLocal(&function)
             ? function.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()),
                                                 static_cast<int>(arguments.size()),
                                                 arguments.data())
             : v8::MaybeLocal<v8::Value>();
}

void AddPart(Context context, v8::Local<v8::Object> native, const char* name,
             absl::string_view path) {
  v8::Local<v8::Value> part;
  if (ResultOf(context, path, {native}).ToLocal(&part)) {
    SetProperty(context, native, name, part);
  }
}

v8::Local<v8::Object> ExportsOf(Context context, absl::string_view path,
                                v8::Local<v8::Object> native) {
  v8::Local<v8::Value> exports;
  return ResultOf(context, path, {native}).ToLocal(&exports)
             ? exports.As<v8::Object>()
             : v8::Object::New(context->GetIsolate());
}

v8::MaybeLocal<v8::Object> MadeOnce(Context context, absl::string_view name,
                                    absl::FunctionRef<v8::MaybeLocal<v8::Value>()> make) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Private> key = v8::Private::ForApi(isolate, JsName(isolate, name));
  v8::Local<v8::Value> made;
  if (!context->Global()->GetPrivate(context, key).ToLocal(&made)) {
    return {};
  }
  if (!made->IsObject() &&
      (!make().ToLocal(&made) || context->Global()->SetPrivate(context, key, made).IsNothing())) {
    return {};
  }
  return made.As<v8::Object>();
}

}  // namespace lockstep::agent
