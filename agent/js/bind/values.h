// C++ values as scripts see them.
#pragma once

#include <type_traits>
#include <vector>

#include <v8.h>

#include "agent/js/bind/names.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {

// A text, a number, a truth; what is a value of V8's stays as it is.
template <class T>
v8::Local<v8::Value> ToJs(Context context, const T& value) {
  v8::Isolate* isolate = context->GetIsolate();
  if constexpr (std::is_convertible_v<const T&, v8::Local<v8::Value>>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return v8::Boolean::New(isolate, value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return v8::Number::New(isolate, static_cast<double>(value));
  } else {
    return JsText(isolate, value);
  }
}

// An array of what `make` makes of each item.
template <class Items, class Make>
v8::Local<v8::Array> ArrayOf(Context context, const Items& items, Make make) {
  std::vector<v8::Local<v8::Value>> values;
  values.reserve(items.size());
  for (const auto& item : items) {
    values.push_back(make(item));
  }
  return v8::Array::New(context->GetIsolate(), values.data(), values.size());
}

// An array of the items as ToJs has them.
template <class Items>
v8::Local<v8::Array> ArrayOf(Context context, const Items& items) {
  return ArrayOf(context, items, [context](const auto& item) { return ToJs(context, item); });
}

}  // namespace lockstep::agent
