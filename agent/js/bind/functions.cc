#include "agent/js/bind/functions.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

constexpr uint32_t kFunctionCacheSlot = 0;

v8::Local<v8::Private> ConstructorKey(v8::Isolate* isolate, absl::string_view name) {
  return v8::Private::ForApi(isolate, JsName(isolate, absl::StrCat("lockstep:new ", name)));
}

}  // namespace

void SetFunction(Context context, v8::Local<v8::Object> object, absl::string_view name,
                 v8::FunctionCallback callback, v8::Local<v8::Value> data) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Function> function;
  if (!data.IsEmpty()) {
    if (!v8::Function::New(context, callback, data, 0, v8::ConstructorBehavior::kThrow)
             .ToLocal(&function)) {
      return;
    }
    function->SetName(JsName(isolate, name));
  } else if (!FunctionCache::Of(isolate)
                  .Get(name, callback,
                       [&] {
                         const v8::Local<v8::FunctionTemplate> made = v8::FunctionTemplate::New(
                             isolate, callback, {}, {}, 0, v8::ConstructorBehavior::kThrow);
                         made->SetClassName(JsName(isolate, name));
                         return made;
                       })
                  ->GetFunction(context)
                  .ToLocal(&function)) {
    return;
  }
  SetProperty(context, object, name, function);
}

std::string TextArgument(const Info& info, int index) {
  return TextOf(info.GetIsolate(), info[index].As<v8::String>());
}

uint64_t NumberArgument(const Info& info, int index) {
  return static_cast<uint64_t>(info[index].As<v8::Number>()->Value());
}

void KeepConstructor(Context context, absl::string_view name, v8::Local<v8::Function> constructor) {
  context->Global()
      ->SetPrivate(context, ConstructorKey(context->GetIsolate(), name), constructor)
      .Check();
}

void ConstructAnew(const Info& info, absl::string_view name) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  v8::Local<v8::Value> constructor;
  if (!context->Global()
           ->GetPrivate(context, ConstructorKey(isolate, name))
           .ToLocal(&constructor) ||
      !constructor->IsFunction()) {
    return;
  }
  std::vector<v8::Local<v8::Value>> arguments;
  for (int i = 0; i < info.Length(); ++i) {
    arguments.push_back(info[i]);
  }
  Return(info, constructor.As<v8::Function>()->NewInstance(
                   context, static_cast<int>(arguments.size()), arguments.data()));
}

v8::Local<v8::FunctionTemplate> ClassTemplate(
    v8::Isolate* isolate, absl::string_view name, v8::FunctionCallback construct,
    absl::FunctionRef<void(v8::Local<v8::FunctionTemplate>)> complete) {
  return FunctionCache::Of(isolate).Get(name, construct, [&] {
    const v8::Local<v8::FunctionTemplate> made = v8::FunctionTemplate::New(isolate, construct);
    made->SetClassName(JsName(isolate, name));
    complete(made);
    return made;
  });
}

FunctionCache::FunctionCache(v8::Isolate* isolate) : isolate_(isolate) {
  isolate->SetData(kFunctionCacheSlot, this);
}

FunctionCache::~FunctionCache() {
  isolate_->SetData(kFunctionCacheSlot, nullptr);
}

FunctionCache& FunctionCache::Of(v8::Isolate* isolate) {
  return *static_cast<FunctionCache*>(isolate->GetData(kFunctionCacheSlot));
}

v8::Local<v8::FunctionTemplate> FunctionCache::Get(
    absl::string_view name, v8::FunctionCallback callback,
    absl::FunctionRef<v8::Local<v8::FunctionTemplate>()> make) {
  v8::Global<v8::FunctionTemplate>& known = templates_[{std::string(name), callback}];
  if (known.IsEmpty()) {
    known.Reset(isolate_, make());
  }
  return known.Get(isolate_);
}

uint32_t FunctionCache::Keep(v8::Local<v8::FunctionTemplate> made) {
  kept_.emplace_back(isolate_, made);
  return static_cast<uint32_t>(kept_.size() - 1);
}

v8::Local<v8::FunctionTemplate> FunctionCache::Kept(uint32_t number) {
  return kept_[number].Get(isolate_);
}

}  // namespace lockstep::agent
