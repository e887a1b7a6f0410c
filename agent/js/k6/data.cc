#include "agent/js/k6/data.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kNoJson = "undefined";

struct SharedData {
  ApiVu& vu;
  SharedArrayStore& store;
};

SharedData& DataOf(const Info& info) {
  return *OwnedBy<SharedData>(info.Data().As<v8::Object>());
}

void LoadElement(const Info& info) {
  const auto* elements =
      static_cast<const SharedElements*>(info.Data().As<v8::External>()->Value());
  const auto index = NumberArgument(info, 0);
  v8::Local<v8::Value> element;
  if ((*elements)[index] == kNoJson) {  // as in k6, where the text is not JSON either
    info.GetIsolate()->ThrowException(v8::Exception::SyntaxError(JsText(
        info.GetIsolate(), absl::StrCat("SharedArray: element ", index,
                                        " is undefined or a function, which JSON cannot hold"))));
  } else if (v8::JSON::Parse(ContextOf(info), JsText(info.GetIsolate(), (*elements)[index]))
                 .ToLocal(&element)) {
    info.GetReturnValue().Set(element);
  }
}

// Calls `build` and turns the array that it returns into JSON texts.
bool BuildElements(Context context, v8::Local<v8::Function> build, SharedElements* elements) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> built;
  if (!build->Call(context, v8::Undefined(isolate), 0, nullptr).ToLocal(&built)) {
    return false;
  }
  if (!IsList(built)) {
    ThrowTypeError(isolate, "only arrays can be made into SharedArray");
    return false;
  }
  return ForEachItem(context, built.As<v8::Object>(), [&](v8::Local<v8::Value> element) {
    v8::Local<v8::String> json;
    if (!v8::JSON::Stringify(context, element).ToLocal(&json)) {
      return false;
    }
    elements->push_back(TextOf(isolate, json));  // "undefined" of what JSON cannot say
    return true;
  });
}

void ConstructSharedArray(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  SharedData& data = DataOf(info);
  if (!data.vu.in_init()) {
    ThrowError(isolate, "new SharedArray must be called in the init context");
    return;
  }
  std::string name;
  if (!ToText(context, info[0], &name)) {
    return;
  }
  if (name.empty() || info[0]->IsUndefined()) {
    ThrowTypeError(isolate, "empty name provided to SharedArray's constructor");
    return;
  }
  if (!info[1]->IsFunction()) {
    ThrowTypeError(isolate,
                   "a function is expected as the second argument of SharedArray's constructor");
    return;
  }
  if (info[1]->IsAsyncFunction()) {
    ThrowTypeError(isolate,
                   "SharedArray constructor does not support async functions as second argument");
    return;
  }
  using Built = absl::StatusOr<std::unique_ptr<const SharedElements>>;
  const absl::StatusOr<const SharedElements*> elements =
      data.store.FindOrMake(name, [&]() -> Built {
        SharedElements built;
        if (!BuildElements(context, info[1].As<v8::Function>(), &built)) {
          return absl::CancelledError();
        }
        return std::make_unique<const SharedElements>(std::move(built));
      });
  if (!elements.ok()) {
    return;  // an exception is pending
  }
  v8::Local<v8::Function> load;
  v8::Local<v8::Value> array;
  const v8::Local<v8::Value> source =
      v8::External::New(isolate, const_cast<SharedElements*>(*elements));
  if (v8::Function::New(context, LoadElement, source).ToLocal(&load) &&
      MakeSharedArray(context, load, static_cast<int64_t>((*elements)->size())).ToLocal(&array)) {
    info.GetReturnValue().Set(array);
  }
}

}  // namespace

v8::MaybeLocal<v8::Value> MakeSharedArray(Context context, v8::Local<v8::Function> load,
                                          int64_t length) {
  return ResultOf(context, "k6/shared_array.js",
                  {load, v8::Number::New(context->GetIsolate(), static_cast<double>(length))});
}

v8::Local<v8::Object> MakeDataModule(Context context, ApiVu& vu, SharedArrayStore& store) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  v8::Local<v8::Object> holder;
  if (!MakeHolder(context, std::make_unique<SharedData>(SharedData{vu, store})).ToLocal(&holder)) {
    return exports;
  }
  v8::Local<v8::Function> constructor;
  if (v8::Function::New(context, ConstructSharedArray, holder).ToLocal(&constructor)) {
    constructor->SetName(JsName(isolate, "SharedArray"));
    SetProperty(context, exports, "SharedArray", constructor);
  }
  return exports;
}

}  // namespace lockstep::agent
