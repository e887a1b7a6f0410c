#include "agent/js/module_graph.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/native_modules.h"
#include "agent/js/specifier.h"
#include "agent/js/stack_trace.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

v8::MaybeLocal<v8::Module> ResolveCallback(v8::Local<v8::Context> context,
                                           v8::Local<v8::String> specifier,
                                           v8::Local<v8::FixedArray>,
                                           v8::Local<v8::Module> referrer) {
  return World::Of(context).modules().Resolve(TextOf(context->GetIsolate(), specifier), referrer);
}

v8::MaybeLocal<v8::Value> FillCallback(v8::Local<v8::Context> context,
                                       v8::Local<v8::Module> module) {
  if (!World::Of(context).modules().FillSynthetic(module)) {
    return {};
  }
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver) ||
      resolver->Resolve(context, v8::Undefined(context->GetIsolate())).IsNothing()) {
    return {};
  }
  return resolver->GetPromise();
}

// What a module is known by: its name if it is ours, its URL if it is a file.
absl::StatusOr<std::string> KeyOf(const std::string& specifier, absl::string_view base) {
  return IsNativeName(specifier) ? absl::StatusOr<std::string>(specifier)
                                 : ResolveSpecifier(specifier, base);
}

}  // namespace

v8::Isolate* ModuleGraph::isolate() const {
  return world_.isolate();
}
v8::Local<v8::Context> ModuleGraph::context() const {
  return world_.context();
}

std::string ModuleGraph::RunningModule() const {
  const v8::Local<v8::StackTrace> stack =
      v8::StackTrace::CurrentStackTrace(isolate(), kMaxFrames, v8::StackTrace::kScriptName);
  const int body = stack->GetFrameCount() - body_depth_ - 1;
  if (body < 0) {
    return CallingFile(isolate());
  }
  const v8::Local<v8::String> name =
      stack->GetFrame(isolate(), static_cast<uint32_t>(body))->GetScriptName();
  return name.IsEmpty() ? CallingFile(isolate()) : TextOf(isolate(), name);
}

v8::MaybeLocal<v8::Object> ModuleGraph::RunMain(const std::string& url) {
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!reader_.Read(url, "", &kind, &text)) {
    return {};
  }
  if (kind != SourceKind::kModule) {
    v8::Local<v8::Value> exports;
    if (!RunCommonJs(url, "", &exports)) {
      return {};
    }
    return exports->IsObject() ? exports.As<v8::Object>() : v8::Object::New(isolate());
  }
  v8::Local<v8::Module> module;
  v8::Local<v8::Value> result;
  if (!LoadUrl(url, "", &module) || !LinkAndEvaluate(module, &result)) {
    return {};
  }
  return module->GetModuleNamespace().As<v8::Object>();
}

v8::MaybeLocal<v8::Value> ModuleGraph::Require(const std::string& specifier,
                                               const std::string& base) {
  if (IsNativeName(specifier)) {
    v8::Local<v8::Object> exports;
    return NativeExports(specifier, &exports) ? v8::MaybeLocal<v8::Value>(exports)
                                              : v8::MaybeLocal<v8::Value>();
  }
  const absl::StatusOr<std::string> url = ResolveSpecifier(specifier, base);
  if (!url.ok()) {
    ThrowStatus(isolate(), url.status());
    return {};
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!modules_.contains(*url) && !common_js_.contains(*url) &&
      !reader_.Read(*url, base, &kind, &text)) {
    return {};
  }
  if (modules_.contains(*url) || kind == SourceKind::kModule) {
    v8::Local<v8::Module> module;
    v8::Local<v8::Value> result;
    if (!LoadUrl(*url, base, &module) || !LinkAndEvaluate(module, &result)) {
      return {};
    }
    return module->GetModuleNamespace();
  }
  v8::Local<v8::Value> exports;
  return RunCommonJs(*url, base, &exports) ? v8::MaybeLocal<v8::Value>(exports)
                                           : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Promise> ModuleGraph::ImportDynamically(const std::string& specifier,
                                                           const std::string& base) {
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context()).ToLocal(&resolver)) {
    return {};
  }
  v8::TryCatch caught(isolate());
  v8::Local<v8::Module> module;
  v8::Local<v8::Value> result;
  if (Load(specifier, base, &module) && LinkAndEvaluate(module, &result)) {
    if (resolver->Resolve(context(), module->GetModuleNamespace()).IsNothing()) {
      return {};
    }
  } else if (caught.HasTerminated()) {
    caught.ReThrow();
    return {};
  } else if (resolver->Reject(context(), caught.Exception()).IsNothing()) {
    return {};
  }
  return resolver->GetPromise();
}

v8::MaybeLocal<v8::Module> ModuleGraph::Resolve(const std::string& specifier,
                                                v8::Local<v8::Module> referrer) {
  const absl::StatusOr<std::string> key = KeyOf(specifier, UrlOf(referrer));
  if (!key.ok()) {
    ThrowStatus(isolate(), key.status());
    return {};
  }
  const auto found = modules_.find(*key);
  if (found == modules_.end()) {
    ThrowError(isolate(), absl::StrCat("module ", specifier, " was not loaded"));
    return {};
  }
  return found->second.module.Get(isolate());
}

std::string ModuleGraph::UrlOf(v8::Local<v8::Module> module) const {
  const auto candidates = keys_by_hash_.find(module->GetIdentityHash());
  if (candidates != keys_by_hash_.end()) {
    for (const auto& [known, key] : candidates->second) {
      if (known == module) {
        return key;
      }
    }
  }
  return "";
}

ModuleGraph::EsModule& ModuleGraph::Keep(const std::string& key, v8::Local<v8::Module> module) {
  keys_by_hash_[module->GetIdentityHash()].emplace_back(v8::Global<v8::Module>(isolate(), module),
                                                        key);
  EsModule& entry = modules_[key];
  entry.module.Reset(isolate(), module);
  return entry;
}

bool ModuleGraph::FillSynthetic(v8::Local<v8::Module> module) {
  const v8::Local<v8::Object> exports = modules_.at(UrlOf(module)).synthetic.Get(isolate());
  v8::Local<v8::Value> by_default = exports;
  v8::Local<v8::Array> names;
  if (!exports->GetOwnPropertyNames(context()).ToLocal(&names)) {
    return false;
  }
  const v8::Local<v8::String> default_name = JsName(isolate(), "default");
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    v8::Local<v8::String> name_text;
    if (!names->Get(context(), i).ToLocal(&name) ||
        !name->ToString(context()).ToLocal(&name_text) ||
        !exports->Get(context(), name).ToLocal(&value)) {
      return false;
    }
    if (name_text->StringEquals(default_name)) {
      by_default = value;
    } else if (module->SetSyntheticModuleExport(isolate(), name_text, value).IsNothing()) {
      return false;
    }
  }
  return module->SetSyntheticModuleExport(isolate(), default_name, by_default).IsJust();
}

bool ModuleGraph::Load(const std::string& specifier, const std::string& base,
                       v8::Local<v8::Module>* module) {
  if (IsNativeName(specifier)) {
    const auto known = modules_.find(specifier);
    if (known != modules_.end()) {
      *module = known->second.module.Get(isolate());
      return true;
    }
    v8::Local<v8::Object> exports;
    return NativeExports(specifier, &exports) && Synthesise(specifier, exports, module);
  }
  const absl::StatusOr<std::string> url = ResolveSpecifier(specifier, base);
  if (!url.ok()) {
    ThrowStatus(isolate(), url.status());
    return false;
  }
  return LoadUrl(*url, base, module);
}

bool ModuleGraph::LoadUrl(const std::string& url, absl::string_view importer,
                          v8::Local<v8::Module>* module) {
  const auto known = modules_.find(url);
  if (known != modules_.end()) {
    *module = known->second.module.Get(isolate());
    return true;
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!reader_.Read(url, importer, &kind, &text)) {
    return false;
  }
  if (kind != SourceKind::kModule) {
    v8::Local<v8::Value> exports;
    return RunCommonJs(url, importer, &exports) && Synthesise(url, exports, module);
  }
  return CompileModule(url, text, module) && LoadImports(*module, url);
}

bool ModuleGraph::CompileModule(const std::string& url, v8::Local<v8::String> text,
                                v8::Local<v8::Module>* module) {
  if (!reader_.CompileModule(url, text).ToLocal(module)) {
    return false;
  }
  Keep(url, *module);
  return true;
}

bool ModuleGraph::LoadImports(v8::Local<v8::Module> module, const std::string& url) {
  const v8::Local<v8::FixedArray> requests = module->GetModuleRequests();
  for (int i = 0; i < requests->Length(); ++i) {
    const auto request = requests->Get(context(), i).As<v8::ModuleRequest>();
    v8::Local<v8::Module> imported;
    if (!Load(TextOf(isolate(), request->GetSpecifier()), url, &imported)) {
      return false;
    }
  }
  return true;
}

// A module that is not written as an ES module has whatever is asked of it: names that it lacks are undefined, as they are
// to require().
bool ModuleGraph::Link(v8::Local<v8::Module> module) {
  for (;;) {
    v8::TryCatch caught(isolate());
    if (module->InstantiateModule(context(), &ResolveCallback).IsJust()) {
      return true;
    }
    if (caught.HasTerminated() || !AddMissingExport(caught)) {
      caught.ReThrow();
      return false;
    }
  }
}

// V8 says which name is missing in which module only in the text of its error.
bool ModuleGraph::AddMissingExport(const v8::TryCatch& caught) {
  if (caught.Message().IsEmpty() ||
      !caught.Message()->GetScriptOrigin().ResourceName()->IsString()) {
    return false;
  }
  const std::string text = TextOf(isolate(), caught.Message()->Get());
  const std::string base =
      TextOf(isolate(), caught.Message()->GetScriptOrigin().ResourceName().As<v8::String>());
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '\'');
  constexpr size_t kParts = 5;  // The requested module '...' does not provide an export named '...'
  if (parts.size() != kParts || !absl::StrContains(parts[2], "does not provide an export named")) {
    return false;
  }
  const std::string specifier(parts[1]), name(parts[3]);
  const std::string key = KeyOf(specifier, base).value_or("");
  const auto found = modules_.find(key);
  if (found == modules_.end() || found->second.synthetic.IsEmpty()) {
    return false;
  }
  world_.site().sources().AddMissingExport(key, name);
  world_.WarnOnce(
      absl::StrCat(base, ": ", specifier, " has no export '", name, "'; it is undefined"));
  v8::Local<v8::Module> remade;
  return Synthesise(key, found->second.synthetic.Get(isolate()), &remade);
}

bool ModuleGraph::LinkAndEvaluate(v8::Local<v8::Module> module, v8::Local<v8::Value>* result) {
  if (module->GetStatus() == v8::Module::kUninstantiated && !Link(module)) {
    return false;
  }
  if (module->GetStatus() == v8::Module::kErrored) {
    isolate()->ThrowException(module->GetException());
    return false;
  }
  if (module->GetStatus() == v8::Module::kEvaluating) {
    // In a circle through require(): its exports are what they are so far.
    *result = v8::Undefined(isolate());
    return true;
  }
  const int outer = std::exchange(body_depth_, StackDepth(isolate()));
  const bool evaluated = module->Evaluate(context()).ToLocal(result);
  body_depth_ = outer;
  if (!evaluated) {
    return false;
  }
  const auto promise = result->As<v8::Promise>();
  if (promise->State() == v8::Promise::kPending && !world_.site().WaitFor(context(), promise)) {
    if (!isolate()->IsExecutionTerminating()) {
      ThrowError(isolate(), absl::StrCat(UrlOf(module), ": a top-level await never ends"));
    }
    return false;
  }
  if (promise->State() == v8::Promise::kRejected) {
    promise->MarkAsHandled();
    isolate()->ThrowException(promise->Result());
    return false;
  }
  return true;
}

bool ModuleGraph::Synthesise(const std::string& key, v8::Local<v8::Value> exports,
                             v8::Local<v8::Module>* module) {
  v8::Local<v8::Object> object;
  if (exports->IsObject()) {
    object = exports.As<v8::Object>();
  } else {
    object = v8::Object::New(isolate());
    SetProperty(context(), object, "default", exports);
  }
  std::vector<v8::Local<v8::String>> names = {JsName(isolate(), "default")};
  v8::Local<v8::Array> own;
  if (!object->GetOwnPropertyNames(context()).ToLocal(&own)) {
    return false;
  }
  for (uint32_t i = 0; i < own->Length(); ++i) {
    v8::Local<v8::Value> name;
    v8::Local<v8::String> text;
    if (!own->Get(context(), i).ToLocal(&name) || !name->ToString(context()).ToLocal(&text)) {
      return false;
    }
    if (!text->StringEquals(names.front())) {
      names.push_back(text);
    }
  }
  for (const std::string& missing : world_.site().sources().MissingExports(key)) {
    const v8::Local<v8::String> name = JsText(isolate(), missing);
    if (std::none_of(names.begin(), names.end(),
                     [&](v8::Local<v8::String> known) { return known->StringEquals(name); })) {
      names.push_back(name);
    }
  }
  *module =
      v8::Module::CreateSyntheticModule(isolate(), JsText(isolate(), key), names, &FillCallback);
  Keep(key, *module).synthetic.Reset(isolate(), object);
  return true;
}

bool ModuleGraph::NativeExports(const std::string& name, v8::Local<v8::Object>* exports) {
  const auto known = natives_.find(name);
  if (known != natives_.end()) {
    *exports = known->second.Get(isolate());
    return true;
  }
  if (!MakeNativeModule(name, context(), world_.site()).ToLocal(exports)) {
    return false;
  }
  natives_[name].Reset(isolate(), *exports);
  return true;
}

bool ModuleGraph::RunCommonJs(const std::string& url, absl::string_view importer,
                              v8::Local<v8::Value>* exports) {
  const auto known = common_js_.find(url);
  if (known != common_js_.end()) {
    // In a circle this is what the module has exported so far.
    return GetProperty(context(), known->second.Get(isolate()), "exports", exports);
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!reader_.Read(url, importer, &kind, &text)) {
    return false;
  }
  const v8::Local<v8::Object> module = v8::Object::New(isolate());
  v8::Local<v8::Value> initial = v8::Object::New(isolate());
  if (kind == SourceKind::kJson && !v8::JSON::Parse(context(), text).ToLocal(&initial)) {
    return false;
  }
  SetProperty(context(), module, "exports", initial);
  common_js_[url].Reset(isolate(), module);
  if (kind == SourceKind::kCommonJs) {
    v8::Local<v8::Function> function;
    v8::Local<v8::Value> ignored;
    v8::Local<v8::Value> arguments[] = {initial, module};
    if (!reader_.CompileCommonJs(url, text).ToLocal(&function)) {
      return false;
    }
    const int outer = std::exchange(body_depth_, StackDepth(isolate()));
    const bool ran = function->Call(context(), initial, 2, arguments).ToLocal(&ignored);
    body_depth_ = outer;
    if (!ran) {
      return false;
    }
  }
  return GetProperty(context(), module, "exports", exports);
}

}  // namespace lockstep::agent
