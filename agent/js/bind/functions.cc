#include "agent/js/bind/functions.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

constexpr uint32_t kFunctionCacheSlot = 0;

}  // namespace

void SetFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::FunctionCallback callback, v8::Local<v8::Value> data) {
  v8::Isolate* isolate = context->GetIsolate();
  FunctionCache* cache = FunctionCache::Of(isolate);
  v8::Local<v8::Function> function;
  if (cache != nullptr && data.IsEmpty()) {
    if (!cache->Get(name, callback)->GetFunction(context).ToLocal(&function)) {
      return;
    }
  } else if (v8::Function::New(context, callback, data, 0, v8::ConstructorBehavior::kThrow)
                 .ToLocal(&function)) {
    function->SetName(JsName(isolate, name));
  } else {
    return;
  }
  SetProperty(context, object, name, function);
}

FunctionCache::FunctionCache(v8::Isolate* isolate) : isolate_(isolate) {
  isolate->SetData(kFunctionCacheSlot, this);
}

FunctionCache::~FunctionCache() {
  isolate_->SetData(kFunctionCacheSlot, nullptr);
}

FunctionCache* FunctionCache::Of(v8::Isolate* isolate) {
  return static_cast<FunctionCache*>(isolate->GetData(kFunctionCacheSlot));
}

v8::Local<v8::FunctionTemplate> FunctionCache::Get(absl::string_view name,
                                                   v8::FunctionCallback callback) {
  v8::Global<v8::FunctionTemplate>& known = templates_[{std::string(name), callback}];
  if (known.IsEmpty()) {
    const v8::Local<v8::FunctionTemplate> made =
        v8::FunctionTemplate::New(isolate_, callback, {}, {}, 0, v8::ConstructorBehavior::kThrow);
    made->SetClassName(JsName(isolate_, name));
    known.Reset(isolate_, made);
  }
  return known.Get(isolate_);
}

}  // namespace lockstep::agent
