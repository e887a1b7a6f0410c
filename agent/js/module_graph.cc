#include "agent/js/module_graph.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/native_modules.h"
#include "agent/js/specifier.h"
#include "agent/js/typescript.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kWrapperHead = "(function (exports, module) {";
constexpr absl::string_view kWrapperTail = "\n})";

bool IsNativeName(absl::string_view specifier) {
  return specifier == "k6" || absl::StartsWith(specifier, "k6/") ||
         absl::StartsWith(specifier, "lockstep/");
}

v8::ScriptOrigin OriginOf(v8::Isolate* isolate, const std::string& url, int column_offset,
                          bool is_module) {
  return v8::ScriptOrigin(isolate, JsText(isolate, url), 0, column_offset, false, -1,
                          v8::Local<v8::Value>(), false, false, is_module);
}

void ThrowLoadError(v8::Isolate* isolate, const std::string& url, const absl::Status& status) {
  ThrowError(isolate,
             absl::IsNotFound(status)
                 ? absl::StrCat("The moduleSpecifier \"", url, "\" couldn't be found on local disk")
                 : absl::StrCat("cannot load ", url, ": ", status.message()));
}

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

}  // namespace

v8::Isolate* ModuleGraph::isolate() const {
  return world_.isolate();
}
v8::Local<v8::Context> ModuleGraph::context() const {
  return world_.context();
}

v8::MaybeLocal<v8::Object> ModuleGraph::RunMain(const std::string& url) {
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!Read(url, &kind, &text)) {
    return {};
  }
  if (kind != SourceKind::kModule) {
    v8::Local<v8::Value> exports;
    if (!RunCommonJs(url, &exports)) {
      return {};
    }
    return exports->IsObject() ? exports.As<v8::Object>() : v8::Object::New(isolate());
  }
  v8::Local<v8::Module> module;
  v8::Local<v8::Value> result;
  if (!LoadUrl(url, &module) || !LinkAndEvaluate(module, &result)) {
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
  if (!modules_.contains(*url) && !common_js_.contains(*url) && !Read(*url, &kind, &text)) {
    return {};
  }
  if (modules_.contains(*url) || kind == SourceKind::kModule) {
    v8::Local<v8::Module> module;
    v8::Local<v8::Value> result;
    if (!LoadUrl(*url, &module) || !LinkAndEvaluate(module, &result)) {
      return {};
    }
    return module->GetModuleNamespace();
  }
  v8::Local<v8::Value> exports;
  return RunCommonJs(*url, &exports) ? v8::MaybeLocal<v8::Value>(exports)
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
  std::string key = specifier;
  if (!IsNativeName(specifier)) {
    const absl::StatusOr<std::string> url = ResolveSpecifier(specifier, UrlOf(referrer));
    if (!url.ok()) {
      ThrowStatus(isolate(), url.status());
      return {};
    }
    key = *url;
  }
  const auto found = modules_.find(key);
  if (found == modules_.end()) {
    ThrowError(isolate(), absl::StrCat("module ", specifier, " was not loaded"));
    return {};
  }
  return found->second.module.Get(isolate());
}

std::string ModuleGraph::UrlOf(v8::Local<v8::Module> module) const {
  const auto candidates = url_by_hash_.find(module->GetIdentityHash());
  if (candidates != url_by_hash_.end()) {
    for (const std::string& key : candidates->second) {
      if (modules_.at(key).module == module) {
        return key;
      }
    }
  }
  return "";
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
  return LoadUrl(*url, module);
}

bool ModuleGraph::LoadUrl(const std::string& url, v8::Local<v8::Module>* module) {
  const auto known = modules_.find(url);
  if (known != modules_.end()) {
    *module = known->second.module.Get(isolate());
    return true;
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!Read(url, &kind, &text)) {
    return false;
  }
  if (kind != SourceKind::kModule) {
    v8::Local<v8::Value> exports;
    return RunCommonJs(url, &exports) && Synthesise(url, exports, module);
  }
  return CompileModule(url, text, module) && LoadImports(*module, url);
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

bool ModuleGraph::LinkAndEvaluate(v8::Local<v8::Module> module, v8::Local<v8::Value>* result) {
  if (module->GetStatus() == v8::Module::kUninstantiated &&
      module->InstantiateModule(context(), &ResolveCallback).IsNothing()) {
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
  if (!module->Evaluate(context()).ToLocal(result)) {
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
  *module =
      v8::Module::CreateSyntheticModule(isolate(), JsText(isolate(), key), names, &FillCallback);
  EsModule& entry = modules_[key];
  entry.module.Reset(isolate(), *module);
  entry.synthetic.Reset(isolate(), object);
  url_by_hash_[(*module)->GetIdentityHash()].push_back(key);
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

bool ModuleGraph::RunCommonJs(const std::string& url, v8::Local<v8::Value>* exports) {
  const auto known = common_js_.find(url);
  if (known != common_js_.end()) {
    // In a circle this is what the module has exported so far.
    return GetProperty(context(), known->second.Get(isolate()), "exports", exports);
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!Read(url, &kind, &text)) {
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
    if (!CompileCommonJs(url, text).ToLocal(&function) ||
        !function->Call(context(), initial, 2, arguments).ToLocal(&ignored)) {
      return false;
    }
  }
  return GetProperty(context(), module, "exports", exports);
}

bool ModuleGraph::Read(const std::string& url, SourceKind* kind, v8::Local<v8::String>* text) {
  absl::StatusOr<std::string> content = world_.site().LoadFile(url);
  if (!content.ok()) {
    if (!absl::IsCancelled(content.status())) {
      ThrowLoadError(isolate(), url, content.status());
    }
    return false;
  }
  if (absl::EndsWith(url, ".ts") && !StripTypes(world_, url, &*content)) {
    return false;
  }
  *text = JsText(isolate(), *content);
  *kind = KindOf(url, *text);
  return true;
}

SourceKind ModuleGraph::KindOf(const std::string& url, v8::Local<v8::String> text) {
  auto& kinds = world_.script_isolate().kinds();
  const auto known = kinds.find(url);
  if (known != kinds.end()) {
    return known->second;
  }
  SourceKind kind = SourceKind::kModule;
  if (absl::EndsWith(url, ".json")) {
    kind = SourceKind::kJson;
  } else {
    // What compiles as the body of a function has no import, no export and no top-level await: it
    // is CommonJS. What does not is a module, or wrong: then the error is a module's.
    const v8::TryCatch ignored(isolate());
    if (!CompileCommonJs(url, text).IsEmpty()) {
      kind = SourceKind::kCommonJs;
    }
  }
  kinds.emplace(url, kind);
  return kind;
}

// Modules are strict code, where V8 stops at a word such as `let` or `static` and says that it is
// reserved, though the mistake comes behind it: `let = = 3`. Compiles the text as sloppy code,
// exports out of the way and columns kept, which fails at the mistake itself.
bool ModuleGraph::CompileSloppily(const std::string& url, v8::Local<v8::String> text) {
  const std::string plain = absl::StrReplaceAll(
      TextOf(isolate(), text), {{"export default", "void          "}, {"export ", "       "}});
  v8::ScriptCompiler::Source source(JsText(isolate(), plain),
                                    OriginOf(isolate(), url, 0, /*is_module=*/false));
  return !v8::ScriptCompiler::CompileUnboundScript(isolate(), &source).IsEmpty();
}

bool ModuleGraph::FailsBehind(const v8::TryCatch& strict, const std::string& url,
                              v8::Local<v8::String> text) {
  const auto place = [&](v8::Local<v8::Message> message) {
    return std::pair(message->GetLineNumber(context()).FromMaybe(0),
                     message->GetStartColumn(context()).FromMaybe(0));
  };
  if (strict.Message().IsEmpty() ||
      !absl::StrContains(TextOf(isolate(), strict.Message()->Get()), "reserved word")) {
    return false;
  }
  const v8::TryCatch sloppy(isolate());
  return !CompileSloppily(url, text) && !sloppy.Message().IsEmpty() &&
         absl::StrContains(TextOf(isolate(), sloppy.Message()->Get()), "Unexpected token") &&
         place(sloppy.Message()) > place(strict.Message());
}

bool ModuleGraph::CompileModule(const std::string& url, v8::Local<v8::String> text,
                                v8::Local<v8::Module>* module) {
  v8::ScriptCompiler::Source source(text, OriginOf(isolate(), url, 0, /*is_module=*/true));
  v8::TryCatch caught(isolate());
  if (!v8::ScriptCompiler::CompileModule(isolate(), &source).ToLocal(module)) {
    if (FailsBehind(caught, url, text)) {
      caught.Reset();
      CompileSloppily(url, text);
    }
    caught.ReThrow();
    return false;
  }
  modules_[url].module.Reset(isolate(), *module);
  url_by_hash_[(*module)->GetIdentityHash()].push_back(url);
  return true;
}

v8::MaybeLocal<v8::Function> ModuleGraph::CompileCommonJs(const std::string& url,
                                                          v8::Local<v8::String> text) {
  const v8::Local<v8::String> head = JsText(isolate(), kWrapperHead);
  const v8::Local<v8::String> wrapped = v8::String::Concat(
      isolate(), v8::String::Concat(isolate(), head, text), JsText(isolate(), kWrapperTail));
  v8::ScriptCompiler::Source source(
      wrapped,
      OriginOf(isolate(), url, -static_cast<int>(kWrapperHead.size()), /*is_module=*/false));
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> function;
  if (!v8::ScriptCompiler::Compile(context(), &source).ToLocal(&script) ||
      !script->Run(context()).ToLocal(&function)) {
    return {};
  }
  return function.As<v8::Function>();
}

}  // namespace lockstep::agent
