#include "agent/js/web_globals.h"

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "agent/http/domain_name.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/console.h"
#include "agent/js/k6/http.h"
#include "agent/js/k6/web_forms.h"
#include "agent/js/k6/webcrypto.h"
#include "agent/js/structured_clone.h"
#include "agent/js/text_codec_globals.h"
#include "agent/js/timers.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

constexpr char kDom[] = "lockstep:dom";

void QueueMicrotask(const Info& info) {
  if (!info[0]->IsFunction()) {
    ThrowTypeError(info.GetIsolate(), "queueMicrotask: argument 1 must be a function");
    return;
  }
  const Context context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Promise::Resolver> resolver;
  if (v8::Promise::Resolver::New(context).ToLocal(&resolver) &&
      resolver->Resolve(context, v8::Undefined(info.GetIsolate())).IsJust()) {
    v8::Local<v8::Promise> ignored;
    if (!resolver->GetPromise()->Then(context, info[0].As<v8::Function>()).ToLocal(&ignored)) {
      return;
    }
  }
}

double Milliseconds(MonoTime time) {
  return static_cast<double>(time.nanos()) / 1e6;
}

void PerformanceNow(const Info& info) {
  const Clock& clock = World::Of(ContextOf(info)).site().api().loop().clock();
  info.GetReturnValue().Set(Milliseconds(clock.Mono()));
}

void PerformanceToJson(const Info& info) {
  const v8::Local<v8::Object> facts = v8::Object::New(info.GetIsolate());
  v8::Local<v8::Value> origin;
  if (GetProperty(ContextOf(info), info.This(), "timeOrigin", &origin)) {
    SetProperty(ContextOf(info), facts, "timeOrigin", origin);
    info.GetReturnValue().Set(facts);
  }
}

// now(), and the time of day when it was 0.
v8::Local<v8::Object> MakePerformance(Context context) {
  const Clock& clock = World::Of(context).site().api().loop().clock();
  const v8::Local<v8::Object> performance = v8::Object::New(context->GetIsolate());
  const double wall = absl::ToDoubleMilliseconds(clock.Wall() - absl::UnixEpoch());
  SetFunction(context, performance, "now", &PerformanceNow);
  SetFunction(context, performance, "toJSON", &PerformanceToJson);
  SetProperty(context, performance, "timeOrigin", wall - Milliseconds(clock.Mono()));
  return performance;
}

void ToAscii(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const std::optional<std::string> ascii = DomainToAscii(TextArgument(info, 0));
  if (ascii.has_value()) {
    info.GetReturnValue().Set(JsText(isolate, *ascii));
  } else {
    info.GetReturnValue().SetNull();
  }
}

v8::MaybeLocal<v8::Value> MakeUrlGlobals(Context context) {
  v8::Local<v8::Function> to_ascii;
  return v8::Function::New(context, &ToAscii).ToLocal(&to_ascii)
             ? ResultOf(context, "web/url.js", {to_ascii})
             : v8::MaybeLocal<v8::Value>();
}

constexpr char kStreams[] = "k6/experimental/streams";

template <const char* kName>
void ReturnModule(const Info& info) {
  Return(info, World::Of(ContextOf(info)).modules().Require(kName, ""));
}

void ReturnForms(const Info& info) {
  Return(info, WebForms(ContextOf(info)));
}

v8::MaybeLocal<v8::Value> MakeDomGlobals(Context context) {
  return ResultOf(context, "web/dom.js", {MakeQuietTimers(World::Of(context))});
}

// What agent/js/web/dom.js makes, whatever scripts have made of the globals. Empty with a pending
// exception.
v8::MaybeLocal<v8::Object> DomGlobals(Context context) {
  return MadeOnce(context, kDom, [context] { return MakeDomGlobals(context); });
}

void ReturnDom(const Info& info) {
  Return(info, DomGlobals(ContextOf(info)));
}

v8::MaybeLocal<v8::Value> MakeFetchGlobals(Context context) {
  v8::Local<v8::Value> http;  // its module is what requests go through
  if (!World::Of(context).modules().Require("k6/http", "").ToLocal(&http)) {
    return {};
  }
  const v8::Local<v8::Object> native = MakeFetchFunctions(context);
  SetFunction(context, native, "streams", &ReturnModule<kStreams>);
  SetFunction(context, native, "forms", &ReturnForms);
  SetFunction(context, native, "dom", &ReturnDom);
  return ResultOf(context, "web/fetch.js", {native});
}

v8::MaybeLocal<v8::Value> MakeCryptoGlobals(Context context) {
  return ResultOf(context, "web/crypto.js", {MakeWebCryptoFunctions(context)});
}

v8::MaybeLocal<v8::Value> MakeFormGlobals(Context context) {
  v8::Local<v8::Object> forms;
  return WebForms(context).ToLocal(&forms) ? forms : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Value> MakeTextGlobals(Context context) {
  const v8::Local<v8::Object> made = v8::Object::New(context->GetIsolate());
  return SetTextCodecs(context, made) ? made : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Value> MakeNativeGlobals(Context context) {
  const v8::Local<v8::Object> made = v8::Object::New(context->GetIsolate());
  SetFunction(context, made, "structuredClone", &StructuredClone);
  SetFunction(context, made, "queueMicrotask", &QueueMicrotask);
  SetProperty(context, made, "performance", MakePerformance(context));
  return made;
}

v8::MaybeLocal<v8::Value> MakeConsoleGlobal(Context context) {
  const v8::Local<v8::Object> made = v8::Object::New(context->GetIsolate());
  SetProperty(context, made, "console", MakeConsole(context));
  return made;
}

// The global `name` on first use: `make` makes it and those that belong with it, which most scripts
// never need.
template <v8::MaybeLocal<v8::Value> (*make)(Context)>
void GetLazily(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Object> made;
  v8::Local<v8::Value> value;
  const std::string group = TextOf(context->GetIsolate(), info.Data().As<v8::String>());
  if (MadeOnce(context, group, [context] { return make(context); }).ToLocal(&made) &&
      made->Get(context, name).ToLocal(&value)) {
    info.GetReturnValue().Set(value);
  }
}

template <v8::MaybeLocal<v8::Value> (*make)(Context)>
void InstallLazily(Context context, absl::string_view group,
                   std::initializer_list<const char*> names,
                   v8::PropertyAttribute attributes = v8::None) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::String> key = JsName(isolate, group);
  for (const char* name : names) {
    context->Global()
        ->SetLazyDataProperty(context, JsName(isolate, name), &GetLazily<make>, key, attributes)
        .Check();
  }
}

}  // namespace

void ThrowDomException(Context context, absl::string_view name, absl::string_view message) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> dom, exception;
  v8::Local<v8::Value> constructor;
  v8::Local<v8::Value> arguments[] = {JsText(isolate, message), JsText(isolate, name)};
  if (DomGlobals(context).ToLocal(&dom) &&
      GetProperty(context, dom, "DOMException", &constructor) &&
      constructor.As<v8::Function>()->NewInstance(context, 2, arguments).ToLocal(&exception)) {
    isolate->ThrowException(exception);
  }
}

void InstallWebGlobals(Context context) {
  InstallLazily<&MakeConsoleGlobal>(context, "lockstep:console", {"console"});
  InstallLazily<&MakeTextGlobals>(context, "lockstep:text", {"TextEncoder", "TextDecoder"});
  InstallLazily<&MakeNativeGlobals>(context, "lockstep:native",
                                    {"structuredClone", "queueMicrotask", "performance"});
  InstallLazily<&MakeUrlGlobals>(context, "lockstep:url", {"URL", "URLSearchParams"}, v8::DontEnum);
  InstallLazily<&MakeCryptoGlobals>(context, "lockstep:crypto", {"crypto", "CryptoKey"},
                                    v8::DontEnum);
  InstallLazily<&MakeFetchGlobals>(context, "lockstep:fetch",
                                   {"fetch", "Headers", "Request", "Response"}, v8::DontEnum);
  InstallLazily<&MakeFormGlobals>(context, "lockstep:forms", {"Blob", "File", "FormData"},
                                  v8::DontEnum);
  InstallLazily<&MakeDomGlobals>(
      context, kDom,
      {"AbortController", "AbortSignal", "DOMException", "Event", "EventTarget", "atob", "btoa"},
      v8::DontEnum);
}

}  // namespace lockstep::agent
