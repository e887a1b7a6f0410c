// C++ objects that live as long as the JavaScript objects in front of them.
#pragma once

#include <memory>

#include <v8.h>

namespace lockstep::agent {

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
