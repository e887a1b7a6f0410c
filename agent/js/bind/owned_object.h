// C++ objects that live as long as the JavaScript objects in front of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

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

  // A weak handle, and what is destroyed with it. (A backing store with a deleter, as an
  // ArrayBuffer has one, would do the same for five times the instructions and four more
  // allocations, which counts for the response to each request; and it would be destroyed on
  // another thread.)
  struct Node {
    Node() = default;
    virtual ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    OwnedObjects* owner = nullptr;
    size_t bytes = 0;
    Node* previous = nullptr;
    Node* next = nullptr;
    v8::Global<v8::Object> object;
  };
  // Destroys `added` when `object` has been collected.
  void Add(v8::Local<v8::Object> object, std::unique_ptr<Node> added, size_t bytes);

 private:
  static void OnCollected(const v8::WeakCallbackInfo<Node>& info);
  void Remove(Node* node);

  v8::Isolate* const isolate_;
  Node* first_ = nullptr;
};

// Tells the types of C++ objects apart, by its address.
template <class T>
struct OwnedType {
  alignas(8) static inline const int64_t kTag = 0;
};

// Gives `object`, which has two internal fields, a C++ object, made of `arguments`: field 0 is the
// pointer, 1 says of what type. It lives as long as the JavaScript object or the isolate, and is
// destroyed on the isolate's thread, within a garbage collection: its destructor must not touch V8.
// `bytes` is roughly the size of what it holds, so that V8 collects garbage in time.
template <class T, class... Arguments>
void EmplaceOwned(v8::Isolate* isolate, v8::Local<v8::Object> object, size_t bytes,
                  Arguments&&... arguments) {
  struct Holding final : OwnedObjects::Node {
    explicit Holding(Arguments&&... of) : held(std::forward<Arguments>(of)...) {}
    T held;
  };
  auto node = std::make_unique<Holding>(std::forward<Arguments>(arguments)...);
  object->SetAlignedPointerInInternalField(0, &node->held);
  object->SetAlignedPointerInInternalField(1, const_cast<int64_t*>(&OwnedType<T>::kTag));
  OwnedObjects::Of(isolate).Add(object, std::move(node), bytes);
}

// The same for one that is there already.
template <class T>
void AttachOwned(v8::Isolate* isolate, v8::Local<v8::Object> object, std::unique_ptr<T> owned,
                 size_t bytes = sizeof(T)) {
  struct Pointing final : OwnedObjects::Node {
    explicit Pointing(std::unique_ptr<T> to) : pointed(std::move(to)) {}
    std::unique_ptr<T> pointed;
  };
  object->SetAlignedPointerInInternalField(0, owned.get());
  object->SetAlignedPointerInInternalField(1, const_cast<int64_t*>(&OwnedType<T>::kTag));
  OwnedObjects::Of(isolate).Add(object, std::make_unique<Pointing>(std::move(owned)), bytes);
}

// The T that AttachOwned attached; null for other objects, which scripts may call any method on.
template <class T>
T* OwnedBy(v8::Local<v8::Object> object) {
  return object->InternalFieldCount() == 2 &&
                 object->GetAlignedPointerFromInternalField(1) == &OwnedType<T>::kTag
             ? static_cast<T*>(object->GetAlignedPointerFromInternalField(0))
             : nullptr;
}

}  // namespace lockstep::agent
