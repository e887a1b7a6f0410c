#include "agent/js/library.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

struct LibraryFunction {
  const char* holder;  // its name in library.js
  const char* name;
};

constexpr LibraryFunction kLibrary[] = {
    {"Array", "fromAsync"},
    {"Array.prototype", "toReversed"},
    {"Array.prototype", "toSorted"},
    {"Array.prototype", "toSpliced"},
    {"Array.prototype", "with"},
    {"TypedArray.prototype", "toReversed"},
    {"TypedArray.prototype", "toSorted"},
    {"TypedArray.prototype", "with"},
    {"Object", "groupBy"},
    {"Map", "groupBy"},
    {"Promise", "withResolvers"},
    {"Promise", "try"},
    {"Set.prototype", "union"},
    {"Set.prototype", "intersection"},
    {"Set.prototype", "difference"},
    {"Set.prototype", "symmetricDifference"},
    {"Set.prototype", "isSubsetOf"},
    {"Set.prototype", "isSupersetOf"},
    {"Set.prototype", "isDisjointFrom"},
    {"String.prototype", "isWellFormed"},
    {"String.prototype", "toWellFormed"},
};

// Parts of texts that use them; others that have such a part lose a little time.
constexpr absl::string_view kMentions[] = {
    "fromAsync", "toReversed", "toSorted",   "toSpliced",     ".with",
    ".try",      "groupBy",    "union",      "withResolvers", "intersection",
    "ifference", "isSubsetOf", "WellFormed", "isSupersetOf",  "isDisjointFrom"};

// The object that library.js evaluates to, once in a context.
v8::MaybeLocal<v8::Object> Library(Context context) {
  return MadeOnce(context, "lockstep:library",
                  [context] { return Evaluated(context, "web/library.js"); });
}

void GetFromLibrary(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Object> library;
  v8::Local<v8::Value> holder, function;
  if (Library(context).ToLocal(&library) && library->Get(context, info.Data()).ToLocal(&holder) &&
      holder->IsObject() && holder.As<v8::Object>()->Get(context, name).ToLocal(&function)) {
    info.GetReturnValue().Set(function);
  }
}

// The object that the library's `holder` means: "Array", "Array.prototype".
v8::MaybeLocal<v8::Object> HolderOf(Context context, absl::string_view holder) {
  const absl::string_view constructor = holder.substr(0, holder.find('.'));
  // TypedArray is not a global: all typed arrays inherit from it.
  const bool typed = constructor == "TypedArray";
  v8::Local<v8::Value> value;
  if (!GetProperty(context, context->Global(), typed ? "Uint8Array" : constructor, &value) ||
      !value->IsObject()) {
    return {};
  }
  if (constructor.size() == holder.size()) {
    return value.As<v8::Object>();
  }
  if (!GetProperty(context, value.As<v8::Object>(), "prototype", &value) || !value->IsObject()) {
    return {};
  }
  if (typed) {
    value = value.As<v8::Object>()->GetPrototype();
  }
  return value->IsObject() ? value.As<v8::Object>() : v8::MaybeLocal<v8::Object>();
}

}  // namespace

bool MentionsLibrary(absl::string_view text) {
  return std::any_of(std::begin(kMentions), std::end(kMentions),
                     [text](absl::string_view part) { return absl::StrContains(text, part); });
}

void InstallLibrary(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  absl::string_view known;
  v8::Local<v8::Object> holder;
  for (const LibraryFunction& function : kLibrary) {
    if (function.holder != known && !HolderOf(context, function.holder).ToLocal(&holder)) {
      continue;
    }
    known = function.holder;
    const v8::Local<v8::String> name = JsName(isolate, function.name);
    if (!holder->HasOwnProperty(context, name).FromMaybe(true)) {
      holder
          ->SetLazyDataProperty(context, name, &GetFromLibrary, JsName(isolate, function.holder),
                                v8::DontEnum)
          .Check();
    }
  }
}

}  // namespace lockstep::agent
