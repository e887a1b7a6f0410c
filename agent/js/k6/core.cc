#include "agent/js/k6/core.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/data/go_random.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_tags.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kSeparator = "::";

bool NameIsFree(v8::Isolate* isolate, absl::string_view name) {
  if (!absl::StrContains(name, kSeparator)) {
    return true;
  }
  ThrowError(isolate, "group and check names may not contain '::'");
  return false;
}

bool IsAsyncFunction(v8::Local<v8::Value> value) {
  return value->IsAsyncFunction();
}

// One check of a set: evaluates it and writes its sample. `passed` becomes false if it failed.
// False with a pending exception if it threw, which is a failed check all the same.
bool RunCheck(const Info& info, TagSet tags, absl::string_view name, v8::Local<v8::Value> condition,
              bool* passed) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (IsAsyncFunction(condition)) {
    ThrowTypeError(isolate, "check() does not support async functions as arguments");
    return false;
  }
  v8::TryCatch caught(isolate);
  v8::Local<v8::Value> result = condition;
  bool returned = true;
  if (condition->IsFunction()) {
    v8::Local<v8::Value> value = info[0];
    returned = condition.As<v8::Function>()
                   ->Call(context, v8::Undefined(isolate), 1, &value)
                   .ToLocal(&result);
  }
  if (caught.HasTerminated()) {
    return false;
  }
  if (returned && result->IsPromise()) {
    WarnOfCall(vu, absl::StrCat("the check \"", name,
                                "\" is given a promise, which always passes: await it before "
                                "check(), and check what it gives"));
  }
  const bool ok = returned && result->BooleanValue(isolate);
  if (vu.system_tags().Has(SystemTag::kCheck)) {
    tags = vu.sink().tags().With(tags, SystemTagName(SystemTag::kCheck), name);
  }
  vu.sink().Add(BuiltinMetric(builtin::kChecks), tags, ok ? 1 : 0, vu.loop().clock().Wall());
  *passed = *passed && ok;
  if (!returned) {
    PassOn(caught);
  }
  return returned;
}

void Check(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (RefusedInInit(vu, isolate, "Using check()")) {
    return;
  }
  if (!info[1]->IsObject()) {
    ThrowTypeError(isolate, "no checks provided to `check`");
    return;
  }
  TagSet tags = vu.tags();
  if (!AddScriptTagsOrThrow(context, "check(): tags", info[2], vu, &tags)) {
    return;
  }
  bool passed = true;
  const bool all_ran = ForEachOwn(context, info[1].As<v8::Object>(),
                                  [&](const std::string& name, v8::Local<v8::Value> condition) {
                                    return NameIsFree(isolate, name) &&
                                           RunCheck(info, tags, name, condition, &passed);
                                  });
  if (all_ran) {
    info.GetReturnValue().Set(passed);
  }
}

void Fail(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string message = "fail() was called";
  if (!info[0]->IsUndefined() && !ToText(isolate->GetCurrentContext(), info[0], &message)) {
    return;
  }
  ThrowError(isolate, message);
}

void Group(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  std::string name;
  if (RefusedInInit(vu, isolate, "Using group()")) {
    return;
  }
  if (!ToText(context, info[0], &name) || !NameIsFree(isolate, name)) {
    return;
  }
  if (!info[1]->IsFunction()) {
    ThrowTypeError(isolate, "group() requires a callback as a second argument");
    return;
  }
  if (IsAsyncFunction(info[1])) {
    ThrowTypeError(isolate, "group() does not support async functions as arguments");
    return;
  }
  const std::string outer = vu.group();
  vu.SetGroup(absl::StrCat(outer, kSeparator, name));
  const MonoTime start = vu.loop().clock().Mono();
  v8::Local<v8::Value> result;
  const bool returned = info[1]
                            .As<v8::Function>()
                            ->Call(context, v8::Undefined(isolate), 0, nullptr)
                            .ToLocal(&result);
  if (!isolate->IsExecutionTerminating()) {
    vu.sink().Add(BuiltinMetric(builtin::kGroupDuration), vu.tags(),
                  absl::ToDoubleMilliseconds(vu.loop().clock().Mono() - start),
                  vu.loop().clock().Wall());
  }
  vu.SetGroup(outer);
  if (returned) {
    if (result->IsPromise()) {
      WarnOfCall(vu, absl::StrCat("the function of the group \"", name,
                                  "\" returns a promise: what comes after it is not in the group"));
    }
    info.GetReturnValue().Set(result);
  }
}

void Sleep(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  double seconds = 0;
  if (!info[0]->NumberValue(isolate->GetCurrentContext()).To(&seconds)) {
    return;
  }
  if (std::isnan(seconds)) {
    WarnOfCall(vu, absl::StrCat("sleep(): ", Shown(ContextOf(info), info[0]),
                                " is not a number of seconds: it does not wait"));
  }
  if (!(seconds > 0)) {
    return;
  }
  vu.Park([&](ApiVu::Task wake) { vu.loop().After(absl::Seconds(seconds), std::move(wake)); });
}

void RandomSeed(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  double seed = 0;
  if (!info[0]->NumberValue(context).To(&seed)) {
    return;
  }
  if (ModuleOf<ApiVu>(info).in_init()) {
    return;  // as in k6, where iterations have a generator of their own
  }
  constexpr double kMost = 9.2e18;  // that fits an integer
  const GoRandomState state = SeedGoRandom(std::abs(seed) < kMost ? static_cast<int64_t>(seed) : 0);
  const absl::string_view bytes(reinterpret_cast<const char*>(state.data()), sizeof state);
  // Fails only when the script is being terminated.
  ResultOf(context, "k6/seeded_random.js", {JsBytes(isolate, bytes)}).IsEmpty();
}

}  // namespace

v8::Local<v8::Object> MakeCoreModule(Context context, ApiVu& vu) {
  SetModule(context, &vu);
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetFunction(context, exports, "check", Check);
  SetFunction(context, exports, "fail", Fail);
  SetFunction(context, exports, "group", Group);
  SetFunction(context, exports, "randomSeed", RandomSeed);
  SetFunction(context, exports, "sleep", Sleep);
  return exports;
}

}  // namespace lockstep::agent
