// Small conversions between V8 and C++ that the API's modules share. Where a function returns bool
// or MaybeLocal, false or empty means that a JavaScript exception is pending: return at once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <v8.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// A string; one byte a character where `text` is ASCII. Invalid UTF-8 becomes U+FFFD.
v8::Local<v8::String> JsText(v8::Isolate* isolate, absl::string_view text);
// The same for names of properties.
v8::Local<v8::String> JsName(v8::Isolate* isolate, absl::string_view text);
inline v8::Local<v8::Number> JsNumber(v8::Local<v8::Context> context, double number) {
  return v8::Number::New(context->GetIsolate(), number);
}
// An ArrayBuffer with a copy of `bytes`.
v8::Local<v8::ArrayBuffer> JsBytes(v8::Isolate* isolate, absl::string_view bytes);

void ThrowTypeError(v8::Isolate* isolate, absl::string_view message);
void ThrowError(v8::Isolate* isolate, absl::string_view message);
// InvalidArgument is a TypeError, OutOfRange a RangeError, anything else an Error.
void ThrowStatus(v8::Isolate* isolate, const absl::Status& status);

// The UTF-8 of a string.
std::string TextOf(v8::Isolate* isolate, v8::Local<v8::String> text);
// What `String(value)` says.
bool ToText(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string* text);
// The bytes of an ArrayBuffer or a view on one; nothing for other values.
std::optional<std::string> BytesOf(v8::Local<v8::Value> value);
// The bytes of a string (UTF-8), ArrayBuffer or view. False without a pending exception for other
// values.
bool BytesOrText(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes);

bool GetProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::Local<v8::Value>* value);
// Calls `visit` with each enumerable own property whose key is a string or an index, in the
// object's order, until it returns false. False if it did, or with a pending exception (of a
// getter, a proxy).
bool ForEachOwn(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                absl::FunctionRef<bool(const std::string& name, v8::Local<v8::Value> value)> visit);
// The same for a `visit` that says what is wrong; Cancelled: an exception is pending.
absl::Status ForEachOwnOrStatus(
    v8::Local<v8::Context> context, v8::Local<v8::Object> object,
    absl::FunctionRef<absl::Status(const std::string& name, v8::Local<v8::Value> value)> visit);
// Defines an ordinary property; cannot fail on objects made by us.
void SetProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::Local<v8::Value> value);
// Functions without `data` are the same template in all contexts of an isolate that has a
// FunctionCache.
void SetFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::FunctionCallback callback,
                 v8::Local<v8::Value> data = {});

// What a function's `data`, an External, points to. Only for functions that were bound with a T.
template <class T>
T& BoundTo(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return *static_cast<T*>(info.Data().As<v8::External>()->Value());
}

// The templates of SetFunction's functions, one for each callback, so that a thousand contexts do
// not hold a thousand copies. Belongs to one isolate, is used inside it, and is destroyed before
// it.
class FunctionCache {
 public:
  explicit FunctionCache(v8::Isolate* isolate);
  ~FunctionCache();
  FunctionCache(const FunctionCache&) = delete;
  FunctionCache& operator=(const FunctionCache&) = delete;

  // The isolate's cache, or null.
  static FunctionCache* Of(v8::Isolate* isolate);
  v8::Local<v8::FunctionTemplate> Get(absl::string_view name, v8::FunctionCallback callback);

 private:
  v8::Isolate* isolate_;
  std::map<std::pair<std::string, v8::FunctionCallback>, v8::Global<v8::FunctionTemplate>>
      templates_;
};

// Whether `value` is a plain object, as a script writes {...}: not an array, function, buffer or
// wrapper.
bool IsPlainObject(v8::Local<v8::Value> value);

// Gives `object`, which has two internal fields, a C++ object: the pointer in field 0, its owner in
// field 1. It lives as long as the JavaScript object or the isolate, and is destroyed on any
// thread. `bytes` is roughly the size of what it holds, so that V8 collects garbage in time.
template <class T>
void AttachOwned(v8::Isolate* isolate, v8::Local<v8::Object> object, std::unique_ptr<T> owned,
                 size_t bytes = sizeof(T)) {
  T* pointer = owned.release();
  object->SetAlignedPointerInInternalField(0, pointer);
  // A backing store is the only thing that V8 frees with a deleter of ours both on collection and
  // with the isolate.
  object->SetInternalField(
      1,
      v8::ArrayBuffer::New(
          isolate, v8::ArrayBuffer::NewBackingStore(
                       pointer, bytes + 1,
                       [](void* data, size_t, void*) { delete static_cast<T*>(data); }, nullptr)));
}

// What AttachOwned attached, or null for other objects. The caller knows that `object` is of the
// class of T.
template <class T>
T* OwnedBy(v8::Local<v8::Object> object) {
  return object->InternalFieldCount() == 2
             ? static_cast<T*>(object->GetAlignedPointerFromInternalField(0))
             : nullptr;
}

}  // namespace lockstep::agent
