// C++ functions as functions of scripts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <v8.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"

namespace lockstep::agent {

// Functions without `data` have the same template in all contexts of an isolate; those with `data`
// cost one each.
void SetFunction(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::FunctionCallback callback, v8::Local<v8::Value> data = {});

// Where a function was called.
inline Context ContextOf(const Info& info) {
  return info.GetIsolate()->GetCurrentContext();
}

// Returns a result to the caller; an empty one stands for the exception that is pending.
template <class T>
void Return(const Info& info, v8::MaybeLocal<T> result) {
  v8::Local<T> value;
  if (result.ToLocal(&value)) {
    info.GetReturnValue().Set(value);
  }
}

// Arguments of which the script in front of a native function says that they are strings, or whole
// numbers from 0 on.
std::string TextArgument(const Info& info, int index);
uint64_t NumberArgument(const Info& info, int index);

// What a function's `data`, an External, points to. Only for functions that were bound with a T.
template <class T>
T& BoundTo(const Info& info) {
  return *static_cast<T*>(info.Data().As<v8::External>()->Value());
}

// For classes that scripts may call without `new`: KeepConstructor makes `name`'s known to the
// context, and ConstructAnew answers a call of it with a new object of the same arguments.
void KeepConstructor(Context context, absl::string_view name, v8::Local<v8::Function> constructor);
void ConstructAnew(const Info& info, absl::string_view name);

// The template of the class `name`, whose instances `construct` makes (null: nothing is to be done)
// and to which `complete` adds what they have. One for all contexts of an isolate, so nothing in it
// may belong to a context.
v8::Local<v8::FunctionTemplate> ClassTemplate(
    v8::Isolate* isolate, absl::string_view name, v8::FunctionCallback construct,
    absl::FunctionRef<void(v8::Local<v8::FunctionTemplate>)> complete);

// Who has which slot of a context.
enum ContextSlot : int { kWorldSlot = 1, kApiVuSlot = 2, kHttpSlot = 3 };

// Gives the functions of `context` the object that they work for, one of each T. It outlives them.
template <class T>
void SetModule(Context context, T* module) {
  context->SetAlignedPointerInEmbedderData(T::kContextSlot, module);
}
// That object.
template <class T>
T& ModuleOf(Context context) {
  return *static_cast<T*>(context->GetAlignedPointerFromEmbedderData(T::kContextSlot));
}
template <class T>
T& ModuleOf(const Info& info) {
  return ModuleOf<T>(info.GetIsolate()->GetCurrentContext());
}

// The templates of functions and classes, so that a thousand contexts do not hold a thousand
// copies. Each isolate has one, which is used inside it and destroyed before it.
class FunctionCache {
 public:
  explicit FunctionCache(v8::Isolate* isolate);
  ~FunctionCache();
  FunctionCache(const FunctionCache&) = delete;
  FunctionCache& operator=(const FunctionCache&) = delete;

  static FunctionCache& Of(v8::Isolate* isolate);
  // The template that `make` made when it was first asked for by this name and callback.
  v8::Local<v8::FunctionTemplate> Get(absl::string_view name, v8::FunctionCallback callback,
                                      absl::FunctionRef<v8::Local<v8::FunctionTemplate>()> make);
  // For those that are found by a number instead, which Keep gives.
  uint32_t Keep(v8::Local<v8::FunctionTemplate> made);
  v8::Local<v8::FunctionTemplate> Kept(uint32_t number);

 private:
  v8::Isolate* isolate_;
  std::map<std::pair<std::string, v8::FunctionCallback>, v8::Global<v8::FunctionTemplate>>
      templates_;
  std::vector<v8::Global<v8::FunctionTemplate>> kept_;
};

}  // namespace lockstep::agent
