// C++ functions as functions of scripts.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Functions without `data` are the same template in all contexts of an isolate that has a
// FunctionCache.
void SetFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::FunctionCallback callback,
                 v8::Local<v8::Value> data = {});

// Where a function was called.
inline v8::Local<v8::Context> ContextOf(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return info.GetIsolate()->GetCurrentContext();
}

// What a function's `data`, an External, points to. Only for functions that were bound with a T.
template <class T>
T& BoundTo(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return *static_cast<T*>(info.Data().As<v8::External>()->Value());
}

// For classes that scripts may call without `new`: KeepConstructor makes `name`'s known to the
// context, and ConstructAnew answers a call of it with a new object of the same arguments.
void KeepConstructor(v8::Local<v8::Context> context, absl::string_view name,
                     v8::Local<v8::Function> constructor);
void ConstructAnew(const v8::FunctionCallbackInfo<v8::Value>& info, absl::string_view name);

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

}  // namespace lockstep::agent
