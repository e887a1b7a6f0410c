#include "agent/js/bind/bound_methods.h"

#include <cstdint>
#include <iterator>

#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

v8::Local<v8::FunctionTemplate> MethodTemplate(v8::Isolate* isolate, absl::string_view name,
                                               v8::FunctionCallback method,
                                               v8::Local<v8::Signature> signature) {
  const v8::Local<v8::FunctionTemplate> made =
      v8::FunctionTemplate::New(isolate, method, {}, signature, 0, v8::ConstructorBehavior::kThrow);
  made->SetClassName(JsName(isolate, name));
  return made;
}

// By JavaScript's bind(), since a function with `data` costs a template each, which a response a
// request would notice.
v8::MaybeLocal<v8::Value> Bound(Context context, v8::Local<v8::Function> method,
                                v8::Local<v8::Object> object) {
  v8::Local<v8::Value> bind, argument = object;
  if (!GetProperty(context, method, "bind", &bind) || !bind->IsFunction()) {
    return {};
  }
  return bind.As<v8::Function>()->Call(context, method, 1, &argument);
}

// The method whose template has the number `data` in the FunctionCache.
void GetMethod(v8::Local<v8::Name> /*name*/, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  v8::Local<v8::Function> method;
  if (!FunctionCache::Of(isolate)
           .Kept(info.Data().As<v8::Uint32>()->Value())
           ->GetFunction(context)
           .ToLocal(&method)) {
    return;
  }
  // Only instances have fields, so a holder without is a prototype.
  const v8::Local<v8::Object> object =
      info.Holder()->InternalFieldCount() > 0 ? info.Holder() : info.This();
  const bool is_instance = object->IsObject() && object->InternalFieldCount() > 0;
  v8::Local<v8::Value> bound = method;
  if (!is_instance || Bound(context, method, object).ToLocal(&bound)) {
    info.GetReturnValue().Set(bound);
  }
}

// What GetMethod finds `method` by.
v8::Local<v8::Integer> Keep(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type,
                            const BoundMethods::value_type& method) {
  const uint32_t number = FunctionCache::Of(isolate).Keep(
      MethodTemplate(isolate, method.first, method.second, v8::Signature::New(isolate, type)));
  return v8::Integer::NewFromUnsigned(isolate, number);
}

}  // namespace

void SetOwnMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type,
                   BoundMethods methods) {
  for (auto method = std::rbegin(methods); method != std::rend(methods); ++method) {
    type->InstanceTemplate()->SetLazyDataProperty(JsName(isolate, method->first), GetMethod,
                                                  Keep(isolate, type, *method));
  }
}

void SetPrototypeMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type,
                         BoundMethods methods) {
  for (const auto& method : methods) {
    type->PrototypeTemplate()->SetNativeDataProperty(JsName(isolate, method.first), GetMethod,
                                                     nullptr, Keep(isolate, type, method));
  }
}

void SetBoundMethod(Context context, v8::Local<v8::Object> object, absl::string_view name,
                    v8::FunctionCallback method) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Function> function;
  v8::Local<v8::Value> bound;
  if (FunctionCache::Of(isolate)
          .Get(name, method, [&] { return MethodTemplate(isolate, name, method, {}); })
          ->GetFunction(context)
          .ToLocal(&function) &&
      Bound(context, function, object).ToLocal(&bound)) {
    SetProperty(context, object, name, bound);
  }
}

}  // namespace lockstep::agent
