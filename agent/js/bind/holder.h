// Objects that have nothing else than a C++ object: to be the data of functions, or what scripts
// hold.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <v8.h>

#include "agent/js/bind/names.h"
#include "agent/js/bind/owned_object.h"

namespace lockstep::agent {

// Owns `owned`, which OwnedBy finds; `bytes` as AttachOwned has them. Empty only if the isolate is
// out of memory or being ended.
template <class T>
v8::MaybeLocal<v8::Object> MakeHolder(Context context, std::unique_ptr<T> owned,
                                      size_t bytes = sizeof(T)) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::ObjectTemplate> made = v8::ObjectTemplate::New(isolate);
  made->SetInternalFieldCount(2);
  v8::Local<v8::Object> holder;
  if (!made->NewInstance(context).ToLocal(&holder)) {
    return {};
  }
  AttachOwned(isolate, holder, std::move(owned), bytes);
  return holder;
}

}  // namespace lockstep::agent
