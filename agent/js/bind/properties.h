// Properties of objects. Where a function returns bool, false means that a JavaScript exception is
// pending: return at once.
#pragma once

#include <string>

#include <v8.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {

// What Object.keys() lists: enumerable, and no symbols.
inline constexpr auto kOwnNames =
    static_cast<v8::PropertyFilter>(v8::ONLY_ENUMERABLE | v8::SKIP_SYMBOLS);

bool GetProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::Local<v8::Value>* value);
// Of a property that is a string; "" of any other, and without it.
std::string TextProperty(Context context, v8::Local<v8::Object> object, absl::string_view name);
// Calls `visit` with each enumerable own property whose key is a string or an index, in the
// object's order, until it returns false. False if it did, or with a pending exception (of a
// getter, a proxy).
bool ForEachOwn(Context context, v8::Local<v8::Object> object,
                absl::FunctionRef<bool(const std::string& name, v8::Local<v8::Value> value)> visit);
// The same for a `visit` that says what is wrong; Cancelled: an exception is pending.
absl::Status ForEachOwnOrStatus(
    Context context, v8::Local<v8::Object> object,
    absl::FunctionRef<absl::Status(const std::string& name, v8::Local<v8::Value> value)> visit);
// Defines an ordinary property; cannot fail on objects made by us.
void SetProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::Local<v8::Value> value);
// The same with a value of C++'s, as ToJs has it.
template <class T>
void SetProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 const T& value) {
  SetProperty(context, object, name, ToJs(context, value));
}
// Appends to an array made by us, whatever setters a script has given Array.prototype.
void AppendTo(Context context, v8::Local<v8::Array> array, v8::Local<v8::Value> value);
// Appends to the array that `lists`, an object made by us, has under `name`; it is made with the
// first.
void AppendIn(Context context, v8::Local<v8::Object> lists, absl::string_view name,
              v8::Local<v8::Value> value);

// Whether `value` is what Array.isArray() calls one: an array, or a proxy of one, as a SharedArray
// is.
bool IsList(v8::Local<v8::Value> value);
// Calls `visit` with the items of such a one, holes as undefined, until it returns false; each item
// lives as long as its visit. False if it did, or with a pending exception.
bool ForEachItem(Context context, v8::Local<v8::Object> list,
                 absl::FunctionRef<bool(v8::Local<v8::Value> item)> visit);

// Whether `value` is a plain object, as a script writes {...}: not an array, function, buffer or
// wrapper.
bool IsPlainObject(v8::Local<v8::Value> value);
// Whether it is of no class, as {...} is, or without a prototype.
bool IsOfNoClass(Context context, v8::Local<v8::Object> object);
// `object`, or, where it is of a class that yields pairs of names and values, as Map and Headers
// do, an object with those. Empty with a pending exception.
v8::MaybeLocal<v8::Object> WithPairsAsProperties(Context context, v8::Local<v8::Object> object);

}  // namespace lockstep::agent
