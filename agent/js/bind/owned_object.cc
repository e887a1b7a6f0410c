#include "agent/js/bind/owned_object.h"

namespace lockstep::agent {
namespace {

constexpr uint32_t kOwnedObjectsSlot = 1;  // of an isolate's data; functions.cc has 0

}  // namespace

OwnedObjects::OwnedObjects(v8::Isolate* isolate) : isolate_(isolate) {
  isolate->SetData(kOwnedObjectsSlot, this);
}

OwnedObjects::~OwnedObjects() {
  while (first_ != nullptr) {
    Remove(first_);
  }
  isolate_->SetData(kOwnedObjectsSlot, nullptr);
}

OwnedObjects& OwnedObjects::Of(v8::Isolate* isolate) {
  return *static_cast<OwnedObjects*>(isolate->GetData(kOwnedObjectsSlot));
}

void OwnedObjects::Add(v8::Local<v8::Object> object, std::unique_ptr<Node> added, size_t bytes) {
  Node* const node = added.release();
  node->owner = this;
  node->bytes = bytes;
  node->next = first_;
  if (first_ != nullptr) {
    first_->previous = node;
  }
  first_ = node;
  node->object.Reset(isolate_, object);
  node->object.SetWeak(node, &OwnedObjects::OnCollected, v8::WeakCallbackType::kParameter);
  isolate_->AdjustAmountOfExternalAllocatedMemory(static_cast<int64_t>(bytes));
}

void OwnedObjects::OnCollected(const v8::WeakCallbackInfo<Node>& info) {
  Node* const node = info.GetParameter();
  node->owner->Remove(node);
}

void OwnedObjects::Remove(Node* node) {
  node->object.Reset();
  (node->previous == nullptr ? first_ : node->previous->next) = node->next;
  if (node->next != nullptr) {
    node->next->previous = node->previous;
  }
  isolate_->AdjustAmountOfExternalAllocatedMemory(-static_cast<int64_t>(node->bytes));
  delete node;
}

}  // namespace lockstep::agent
