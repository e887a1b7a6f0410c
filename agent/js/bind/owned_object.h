// C++ objects that live as long as the JavaScript objects in front of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <v8.h>

namespace lockstep::agent {

// What AttachOwned has attached in an isolate. Each isolate has one, which is used inside it and
// destroyed before it.
class OwnedObjects {
 public:
  explicit OwnedObjects(v8::Isolate* isolate);
  // Destroys what is left: of objects that were never collected.
  ~OwnedObjects();
  OwnedObjects(const OwnedObjects&) = delete;
  OwnedObjects& operator=(const OwnedObjects&) = delete;

  static OwnedObjects& Of(v8::Isolate* isolate);
  // `destroy` is called with `data` when `object` has been collected.
  void Add(v8::Local<v8::Object> object, void* data, void (*destroy)(void* data), size_t bytes);

 private:
  // A weak handle. (A backing store with a deleter, as an ArrayBuffer has one, would do the same for
  // five times the instructions and four more allocations, which counts for the response to each
  // request; and it would be destroyed on another thread.)
  struct Node {
    OwnedObjects* owner;
    void* data;
    void (*destroy)(void* data);
    size_t bytes;
    Node* previous;
    Node* next;
    v8::Global<v8::Object> object;
  };

  static void OnCollected(const v8::WeakCallbackInfo<Node>& info);
  void Remove(Node* node);

  v8::Isolate* const isolate_;
  Node* first_ = nullptr;
};

// Tells the types of C++ objects apart, by its address.
template <class T>
struct OwnedType {
  alignas(8) static inline const int64_t tag = 0;
};

// Gives `object`, which has two internal fields, a C++ object: field 0 is the pointer, 1 says of what type. It lives as
// long as the JavaScript object or the isolate, and is destroyed on the isolate's thread, within a
// garbage collection: its destructor must not touch V8. `bytes` is roughly the size of what it holds,
// so that V8 collects garbage in time.
template <class T>
void AttachOwned(v8::Isolate* isolate, v8::Local<v8::Object> object, std::unique_ptr<T> owned,
                 size_t bytes = sizeof(T)) {
  T* const pointer = owned.release();
  object->SetAlignedPointerInInternalField(0, pointer);
  object->SetAlignedPointerInInternalField(1, const_cast<int64_t*>(&OwnedType<T>::tag));
  OwnedObjects::Of(isolate).Add(
      object, pointer, [](void* data) { delete static_cast<T*>(data); }, bytes);
}

// The T that AttachOwned attached; null for other objects, which scripts may call any method on.
template <class T>
T* OwnedBy(v8::Local<v8::Object> object) {
  return object->InternalFieldCount() == 2 &&
                 object->GetAlignedPointerFromInternalField(1) == &OwnedType<T>::tag
             ? static_cast<T*>(object->GetAlignedPointerFromInternalField(0))
             : nullptr;
}

}  // namespace lockstep::agent
