#include "agent/js/bind/properties.h"

#include <utility>

#include "agent/js/bind/text.h"

namespace lockstep::agent {

bool GetProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::Local<v8::Value>* value) {
  return object->Get(context, JsName(context->GetIsolate(), name)).ToLocal(value);
}

std::string TextProperty(Context context, v8::Local<v8::Object> object, absl::string_view name) {
  v8::Local<v8::Value> value;
  return GetProperty(context, object, name, &value) ? TextIfString(context->GetIsolate(), value)
                                                    : "";
}

bool ForEachOwn(
    Context context, v8::Local<v8::Object> object,
    absl::FunctionRef<bool(const std::string& name, v8::Local<v8::Value> value)> visit) {
  v8::Local<v8::Array> names;
  if (!object->GetOwnPropertyNames(context, kOwnNames, v8::KeyConversionMode::kConvertToString)
           .ToLocal(&names)) {
    return false;
  }
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name, value;
    if (!names->Get(context, i).ToLocal(&name) || !object->Get(context, name).ToLocal(&value) ||
        !visit(TextOf(context->GetIsolate(), name.As<v8::String>()), value)) {
      return false;
    }
  }
  return true;
}

absl::Status ForEachOwnOrStatus(
    Context context, v8::Local<v8::Object> object,
    absl::FunctionRef<absl::Status(const std::string& name, v8::Local<v8::Value> value)> visit) {
  absl::Status status = absl::CancelledError();  // if it is not for `visit` that the loop ends
  const bool all =
      ForEachOwn(context, object, [&](const std::string& name, v8::Local<v8::Value> value) {
        absl::Status visited = visit(name, value);
        if (visited.ok()) {
          return true;
        }
        status = std::move(visited);
        return false;
      });
  return all ? absl::OkStatus() : status;
}

void SetProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::Local<v8::Value> value) {
  object->CreateDataProperty(context, JsName(context->GetIsolate(), name), value).Check();
}

void AppendTo(Context context, v8::Local<v8::Array> array, v8::Local<v8::Value> value) {
  array->CreateDataProperty(context, array->Length(), value).Check();
}

void AppendIn(Context context, v8::Local<v8::Object> lists, absl::string_view name,
              v8::Local<v8::Value> value) {
  v8::Local<v8::Value> list;
  if (!GetProperty(context, lists, name, &list) || !list->IsArray()) {
    list = v8::Array::New(context->GetIsolate());
    SetProperty(context, lists, name, list);
  }
  AppendTo(context, list.As<v8::Array>(), value);
}

bool IsList(v8::Local<v8::Value> value) {
  while (value->IsProxy()) {
    value = value.As<v8::Proxy>()->GetTarget();
  }
  return value->IsArray();
}

bool ForEachItem(Context context, v8::Local<v8::Object> list,
                 absl::FunctionRef<bool(v8::Local<v8::Value> item)> visit) {
  v8::Local<v8::Value> length;
  if (!GetProperty(context, list, "length", &length)) {
    return false;
  }
  const uint32_t count = length->IsUint32() ? length.As<v8::Uint32>()->Value() : 0;
  for (uint32_t i = 0; i < count; ++i) {
    const v8::HandleScope scope(context->GetIsolate());
    v8::Local<v8::Value> item;
    if (!list->Get(context, i).ToLocal(&item) || !visit(item)) {
      return false;
    }
  }
  return true;
}

bool IsPlainObject(v8::Local<v8::Value> value) {
  return value->IsObject() && !IsList(value) && !value->IsFunction() && !value->IsArrayBuffer() &&
         !value->IsArrayBufferView() && !value->IsStringObject() && !value->IsNumberObject() &&
         !value->IsBooleanObject();
}

bool IsOfNoClass(Context context, v8::Local<v8::Object> object) {
  const v8::Local<v8::Value> prototype = object->GetPrototype();
  return prototype->IsNull() || prototype == v8::Object::New(context->GetIsolate())->GetPrototype();
}

v8::MaybeLocal<v8::Object> WithPairsAsProperties(Context context, v8::Local<v8::Object> object) {
  v8::Isolate* const isolate = context->GetIsolate();
  if (!IsPlainObject(object) || IsOfNoClass(context, object)) {
    return object;
  }
  v8::Local<v8::Value> iterator;
  if (!object->Get(context, v8::Symbol::GetIterator(isolate)).ToLocal(&iterator)) {
    return {};
  }
  if (!iterator->IsFunction()) {
    return object;
  }
  v8::Local<v8::Value> of_objects, from_entries, pairs, argument = object;
  return GetProperty(context, context->Global(), "Object", &of_objects) &&
                 GetProperty(context, of_objects.As<v8::Object>(), "fromEntries", &from_entries) &&
                 from_entries.As<v8::Function>()
                     ->Call(context, of_objects, 1, &argument)
                     .ToLocal(&pairs)
             ? v8::MaybeLocal<v8::Object>(pairs.As<v8::Object>())
             : v8::MaybeLocal<v8::Object>();
}

}  // namespace lockstep::agent
