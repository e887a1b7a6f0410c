#include "agent/js/structured_clone.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/web_globals.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;

class CloneDelegate final : public v8::ValueSerializer::Delegate {
 public:
  explicit CloneDelegate(Context context) : context_(context) {}

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    ThrowDomException(context_, "DataCloneError", TextOf(context_->GetIsolate(), message));
  }

 private:
  const Context context_;
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

void StructuredClone(const v8::FunctionCallbackInfo<v8::Value>& info) {
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
  CloneDelegate delegate(context);
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
  v8::ValueDeserializer deserialiser(isolate, data.get(), written.second);
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
