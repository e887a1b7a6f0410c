#include "agent/js/globals.h"

#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/console.h"
#include "agent/js/domain_name.h"
#include "agent/js/k6/webcrypto.h"
#include "agent/js/specifier.h"
#include "agent/js/stack_trace.h"
#include "agent/js/text_codec_globals.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

void Open(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  WorldSite& site = World::Of(isolate->GetCurrentContext()).site();
  if (!site.api().in_init()) {
    ThrowError(isolate,
               "the \"open\" function is only available in the init stage (i.e. the global scope)");
    return;
  }
  if (!info[0]->IsString() || info[0].As<v8::String>()->Length() == 0) {
    ThrowTypeError(isolate, "open() can't be used with an empty filename");
    return;
  }
  const std::string path = TextOf(isolate, info[0].As<v8::String>());
  const absl::StatusOr<std::string> url = UrlOfPath(isolate, path);
  if (!url.ok()) {
    ThrowStatus(isolate, url.status());
    return;
  }
  const absl::StatusOr<std::string> content = site.LoadFile(*url);
  if (absl::IsCancelled(content.status())) {
    return;
  }
  if (!content.ok()) {
    ThrowError(isolate, absl::StrContains(content.status().message(), "Is a directory")
                            ? absl::StrCat("open() can't be used with directories, path: ", path)
                            : absl::StrCat("open ", path, ": ", content.status().message()));
    return;
  }
  if (info[1]->IsString() && TextOf(isolate, info[1].As<v8::String>()) == "b") {
    info.GetReturnValue().Set(JsBytes(isolate, *content));
  } else {
    info.GetReturnValue().Set(JsText(isolate, *content));
  }
}

void Require(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  World& world = World::Of(isolate->GetCurrentContext());
  if (!world.site().api().in_init()) {
    ThrowError(
        isolate,
        "the \"require\" function is only available in the init stage (i.e. the global scope)");
    return;
  }
  if (!info[0]->IsString()) {
    ThrowTypeError(isolate, "require() can't be used with an empty specifier");
    return;
  }
  v8::Local<v8::Value> exports;
  if (world.modules()
          .Require(TextOf(isolate, info[0].As<v8::String>()), CallingFile(isolate))
          .ToLocal(&exports)) {
    info.GetReturnValue().Set(exports);
  }
}

void StructuredClone(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::ValueSerializer serialiser(isolate);
  serialiser.WriteHeader();
  if (serialiser.WriteValue(context, info[0]).IsNothing()) {
    return;
  }
  const std::pair<uint8_t*, size_t> data = serialiser.Release();
  v8::ValueDeserializer deserialiser(isolate, data.first, data.second);
  v8::Local<v8::Value> copy;
  if (deserialiser.ReadHeader(context).FromMaybe(false) &&
      deserialiser.ReadValue(context).ToLocal(&copy)) {
    info.GetReturnValue().Set(copy);
  }
  std::free(data.first);
}

void QueueMicrotask(const Info& info) {
  if (!info[0]->IsFunction()) {
    ThrowTypeError(info.GetIsolate(), "queueMicrotask: argument 1 must be a function");
    return;
  }
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Promise::Resolver> resolver;
  if (v8::Promise::Resolver::New(context).ToLocal(&resolver) &&
      resolver->Resolve(context, v8::Undefined(info.GetIsolate())).IsJust()) {
    v8::Local<v8::Promise> ignored;
    if (!resolver->GetPromise()->Then(context, info[0].As<v8::Function>()).ToLocal(&ignored)) {
      return;
    }
  }
}

void PerformanceNow(const Info& info) {
  const MonoTime now =
      World::Of(info.GetIsolate()->GetCurrentContext()).site().api().loop().clock().Mono();
  info.GetReturnValue().Set(static_cast<double>(now.nanos()) / 1e6);
}

// Evaluates an embedded script that defines globals.
v8::MaybeLocal<v8::Value> RunEmbedded(v8::Local<v8::Context> context, absl::string_view text) {
  v8::Local<v8::Script> script;
  if (!v8::Script::Compile(context, JsText(context->GetIsolate(), text)).ToLocal(&script)) {
    return {};
  }
  return script->Run(context);
}

void ToAscii(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const std::optional<std::string> ascii = DomainToAscii(TextOf(isolate, info[0].As<v8::String>()));
  if (ascii.has_value()) {
    info.GetReturnValue().Set(JsText(isolate, *ascii));
  } else {
    info.GetReturnValue().SetNull();
  }
}

v8::MaybeLocal<v8::Value> MakeUrlGlobals(v8::Local<v8::Context> context) {
  v8::Local<v8::Value> make;
  v8::Local<v8::Function> to_ascii;
  if (!RunEmbedded(context, WebUrlSource()).ToLocal(&make) ||
      !v8::Function::New(context, &ToAscii).ToLocal(&to_ascii)) {
    return {};
  }
  v8::Local<v8::Value> native = to_ascii;
  return make.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()), 1, &native);
}

v8::MaybeLocal<v8::Value> MakeFetchGlobals(v8::Local<v8::Context> context) {
  v8::Local<v8::Value> make;
  v8::Local<v8::Value> http;
  if (!RunEmbedded(context, WebFetchSource()).ToLocal(&make) ||
      !World::Of(context).modules().Require("k6/http", "").ToLocal(&http)) {
    return {};
  }
  return make.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()), 1, &http);
}

v8::MaybeLocal<v8::Value> MakeCryptoGlobals(v8::Local<v8::Context> context) {
  v8::Local<v8::Value> make;
  if (!RunEmbedded(context, WebCryptoSource()).ToLocal(&make)) {
    return {};
  }
  v8::Local<v8::Value> native = MakeWebCryptoFunctions(context);
  return make.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()), 1, &native);
}

v8::MaybeLocal<v8::Value> MakeTextGlobals(v8::Local<v8::Context> context) {
  const v8::Local<v8::Object> made = v8::Object::New(context->GetIsolate());
  return SetTextCodecs(context, made) ? made : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Value> MakeNativeGlobals(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> made = v8::Object::New(isolate);
  SetFunction(context, made, "structuredClone", &StructuredClone);
  SetFunction(context, made, "queueMicrotask", &QueueMicrotask);
  const v8::Local<v8::Object> performance = v8::Object::New(isolate);
  SetFunction(context, performance, "now", &PerformanceNow);
  SetProperty(context, made, "performance", performance);
  return made;
}

v8::MaybeLocal<v8::Value> MakeConsoleGlobal(v8::Local<v8::Context> context) {
  const v8::Local<v8::Object> made = v8::Object::New(context->GetIsolate());
  SetProperty(context, made, "console", MakeConsole(context));
  return made;
}

// The global `name` on first use: `make` makes it and those that belong with it, which most scripts
// never need.
template <v8::MaybeLocal<v8::Value> (*make)(v8::Local<v8::Context>)>
void GetLazily(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::Private> key = v8::Private::ForApi(isolate, info.Data().As<v8::String>());
  v8::Local<v8::Value> made;
  if (!context->Global()->GetPrivate(context, key).ToLocal(&made)) {
    return;
  }
  if (!made->IsObject() && (!make(context).ToLocal(&made) ||
                            context->Global()->SetPrivate(context, key, made).IsNothing())) {
    return;
  }
  v8::Local<v8::Value> value;
  if (made.As<v8::Object>()->Get(context, name).ToLocal(&value)) {
    info.GetReturnValue().Set(value);
  }
}

template <v8::MaybeLocal<v8::Value> (*make)(v8::Local<v8::Context>)>
void InstallLazily(v8::Local<v8::Context> context, absl::string_view group,
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

absl::StatusOr<std::string> UrlOfPath(v8::Isolate* isolate, absl::string_view path) {
  return ResolvePath(path, World::Of(isolate->GetCurrentContext()).modules().RunningModule());
}

void InstallFileAccess(v8::Local<v8::Context> context) {
  SetFunction(context, context->Global(), "open", &Open);
  SetFunction(context, context->Global(), "require", &Require);
}

void InstallWebGlobals(v8::Local<v8::Context> context) {
  InstallLazily<&MakeConsoleGlobal>(context, "lockstep:console", {"console"});
  InstallLazily<&MakeTextGlobals>(context, "lockstep:text", {"TextEncoder", "TextDecoder"});
  InstallLazily<&MakeNativeGlobals>(context, "lockstep:native",
                                    {"structuredClone", "queueMicrotask", "performance"});
  InstallLazily<&MakeUrlGlobals>(context, "lockstep:url", {"URL", "URLSearchParams"}, v8::DontEnum);
  InstallLazily<&MakeCryptoGlobals>(context, "lockstep:crypto", {"crypto", "CryptoKey"},
                                    v8::DontEnum);
  InstallLazily<&MakeFetchGlobals>(context, "lockstep:fetch", {"fetch", "Headers", "Response"},
                                   v8::DontEnum);
}

}  // namespace lockstep::agent
