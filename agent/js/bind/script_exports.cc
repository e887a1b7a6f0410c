#include "agent/js/bind/script_exports.h"

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

v8::MaybeLocal<v8::Value> ResultOf(Context context, absl::string_view source,
                                   std::vector<v8::Local<v8::Value>> arguments) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> function;
  if (!v8::Script::Compile(context, JsText(isolate, source)).ToLocal(&script) ||
      !script->Run(context).ToLocal(&function)) {
    return {};
  }
  return function.As<v8::Function>()->Call(context, v8::Undefined(isolate),
                                           static_cast<int>(arguments.size()), arguments.data());
}

void AddPart(Context context, v8::Local<v8::Object> native, const char* name,
             absl::string_view source) {
  v8::Local<v8::Value> part;
  if (ResultOf(context, source, {native}).ToLocal(&part)) {
    SetProperty(context, native, name, part);
  }
}

v8::Local<v8::Object> ExportsOf(Context context, absl::string_view source,
                                v8::Local<v8::Object> native) {
  v8::Local<v8::Value> exports;
  return ResultOf(context, source, {native}).ToLocal(&exports)
             ? exports.As<v8::Object>()
             : v8::Object::New(context->GetIsolate());
}

}  // namespace lockstep::agent
