#include "agent/js/structured_clone.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/web_forms.h"
#include "agent/js/web_globals.h"

namespace lockstep::agent {
namespace {

// Copies of the objects that V8 cannot copy by itself, in the order in which they are met. V8 has
// scopes of its own around each, which Locals would not outlive.
using HostCopies = std::vector<v8::Global<v8::Object>>;

class CloneDelegate final : public v8::ValueSerializer::Delegate {
 public:
  CloneDelegate(Context context, HostCopies& copies) : context_(context), copies_(copies) {}

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    ThrowDomException(context_, "DataCloneError", TextOf(context_->GetIsolate(), message));
  }
  v8::Maybe<bool> WriteHostObject(v8::Isolate* isolate, v8::Local<v8::Object> object) override {
    v8::Local<v8::Value> copy;
    if (!CopyOfBlob(context_, object).ToLocal(&copy)) {
      return v8::Nothing<bool>();
    }
    if (!copy->IsObject()) {
      const std::string name = TextOf(isolate, object->GetConstructorName());
      ThrowDataCloneError(JsText(isolate, absl::StrCat("#<", name, "> could not be cloned.")));
      return v8::Nothing<bool>();
    }
    copies_.emplace_back(isolate, copy.As<v8::Object>());
    return v8::Just(true);
  }

 private:
  const Context context_;
  HostCopies& copies_;
};

class ReviveDelegate final : public v8::ValueDeserializer::Delegate {
 public:
  explicit ReviveDelegate(const HostCopies& copies) : copies_(copies) {}

  v8::MaybeLocal<v8::Object> ReadHostObject(v8::Isolate* isolate) override {
    return copies_[next_++].Get(isolate);
  }

 private:
  const HostCopies& copies_;
  size_t next_ = 0;
};

struct FreeDeleter {
  void operator()(uint8_t* data) const { std::free(data); }
};

// False with a pending exception.
bool CheckTransfer(Context context, v8::Local<v8::Value> item,
                   const std::vector<v8::Local<v8::ArrayBuffer>>& known) {
  if (!item->IsArrayBuffer() || !item.As<v8::ArrayBuffer>()->IsDetachable()) {
    ThrowDomException(context, "DataCloneError",
                      "structuredClone: transfer: only ArrayBuffers can be transferred");
    return false;
  }
  for (const v8::Local<v8::ArrayBuffer>& other : known) {
    if (other == item) {
      ThrowDomException(context, "DataCloneError",
                        "structuredClone: transfer: the same ArrayBuffer twice");
      return false;
    }
  }
  return true;
}

// The ArrayBuffers of `options.transfer`.
bool ReadTransfers(Context context, v8::Local<v8::Value> options,
                   std::vector<v8::Local<v8::ArrayBuffer>>* buffers) {
  v8::Local<v8::Value> list;
  if (!options->IsObject()) {
    return true;
  }
  if (!GetProperty(context, options.As<v8::Object>(), "transfer", &list)) {
    return false;
  }
  if (list->IsUndefined()) {
    return true;
  }
  if (!list->IsArray()) {
    ThrowTypeError(context->GetIsolate(), "structuredClone: transfer: an array is expected");
    return false;
  }
  const v8::Local<v8::Array> array = list.As<v8::Array>();
  for (uint32_t i = 0; i < array->Length(); ++i) {
    v8::Local<v8::Value> item;
    if (!array->Get(context, i).ToLocal(&item) || !CheckTransfer(context, item, *buffers)) {
      return false;
    }
    buffers->push_back(item.As<v8::ArrayBuffer>());
  }
  return true;
}

}  // namespace

void StructuredClone(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  if (info.Length() == 0) {
    ThrowTypeError(isolate, "structuredClone: a value is expected");
    return;
  }
  std::vector<v8::Local<v8::ArrayBuffer>> transfers;
  if (!ReadTransfers(context, info[1], &transfers)) {
    return;
  }
  HostCopies copies;
  CloneDelegate delegate(context, copies);
  v8::ValueSerializer serialiser(isolate, &delegate);
  serialiser.WriteHeader();
  for (uint32_t i = 0; i < transfers.size(); ++i) {
    serialiser.TransferArrayBuffer(i, transfers[i]);
  }
  if (serialiser.WriteValue(context, info[0]).IsNothing()) {
    return;
  }
  const std::pair<uint8_t*, size_t> written = serialiser.Release();
  const std::unique_ptr<uint8_t, FreeDeleter> data(written.first);
  ReviveDelegate reviver(copies);
  v8::ValueDeserializer deserialiser(isolate, data.get(), written.second, &reviver);
  for (uint32_t i = 0; i < transfers.size(); ++i) {
    deserialiser.TransferArrayBuffer(
        i, v8::ArrayBuffer::New(isolate, transfers[i]->GetBackingStore()));
    transfers[i]->Detach();
  }
  v8::Local<v8::Value> copy;
  if (deserialiser.ReadHeader(context).FromMaybe(false) &&
      deserialiser.ReadValue(context).ToLocal(&copy)) {
    info.GetReturnValue().Set(copy);
  }
}

}  // namespace lockstep::agent
