#include "agent/js/module_graph.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/compile.h"
#include "agent/js/fault.h"
#include "agent/js/native_modules.h"
#include "agent/js/specifier.h"
#include "agent/js/stack_trace.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

v8::MaybeLocal<v8::Module> ResolveCallback(Context context, v8::Local<v8::String> specifier,
                                           v8::Local<v8::FixedArray>,
                                           v8::Local<v8::Module> referrer) {
  return World::Of(context).modules().Resolve(TextOf(context->GetIsolate(), specifier), referrer);
}

// The value of a file in JSON. Empty with a pending exception, which names the file.
v8::MaybeLocal<v8::Value> ParseJsonFile(Context context, const std::string& url,
                                        v8::Local<v8::String> text) {
  v8::Isolate* isolate = context->GetIsolate();
  std::string why;
  {
    v8::TryCatch caught(isolate);
    v8::Local<v8::Value> value;
    if (v8::JSON::Parse(context, text).ToLocal(&value)) {
      return value;
    }
    if (caught.HasTerminated() || caught.Message().IsEmpty()) {
      PassOn(caught);
      return {};
    }
    why = TextOf(isolate, caught.Message()->Get());
  }
  constexpr absl::string_view kUncaught = "Uncaught SyntaxError: ";  // as V8 begins its messages
  isolate->ThrowException(v8::Exception::SyntaxError(
      JsText(isolate, absl::StrCat(url, ": ", absl::StripPrefix(why, kUncaught)))));
  return {};
}

}  // namespace

v8::Isolate* ModuleGraph::isolate() const {
  return world_.isolate();
}
Context ModuleGraph::context() const {
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
  // What is known as CommonJS is its `module.exports`, although imports may have made a module of
  // it.
  bool is_module = !common_js_.contains(*url);
  if (is_module && !registry_.Has(*url)) {
    SourceKind kind{};
    v8::Local<v8::String> text;
    if (!reader_.Read(*url, base, &kind, &text)) {
      return {};
    }
    is_module = kind == SourceKind::kModule;
  }
  if (is_module) {
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
  } else if (caught.HasTerminated() ||
             resolver->Reject(context(), caught.Exception()).IsNothing()) {
    return {};
  }
  return resolver->GetPromise();
}

v8::MaybeLocal<v8::Module> ModuleGraph::Resolve(const std::string& specifier,
                                                v8::Local<v8::Module> referrer) {
  const absl::StatusOr<std::string> key = ModuleKey(specifier, registry_.KeyOf(referrer));
  if (!key.ok()) {
    ThrowStatus(isolate(), key.status());
    return {};
  }
  const v8::MaybeLocal<v8::Module> found = registry_.Find(*key);
  if (found.IsEmpty()) {
    // What runs is registered when it has ended.
    ThrowError(
        isolate(),
        absl::StrCat(
            registry_.KeyOf(referrer), " imports ", specifier,
            ", which is running and requires it: a module of such a circle must do without import or without require()"));
  }
  return found;
}

bool ModuleGraph::Load(const std::string& specifier, const std::string& base,
                       v8::Local<v8::Module>* module) {
  if (IsNativeName(specifier)) {
    v8::Local<v8::Object> exports;
    return registry_.Find(specifier).ToLocal(module) ||
           (NativeExports(specifier, &exports) &&
            registry_.Synthesise(specifier, exports).ToLocal(module));
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
  if (registry_.Find(url).ToLocal(module)) {
    return true;
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!reader_.Read(url, importer, &kind, &text)) {
    return false;
  }
  if (kind != SourceKind::kModule) {
    v8::Local<v8::Value> exports;
    return RunCommonJs(url, importer, &exports) &&
           registry_.Synthesise(url, exports).ToLocal(module);
  }
  return CompileModule(url, text, module) && LoadImports(*module, url);
}

bool ModuleGraph::CompileModule(const std::string& url, v8::Local<v8::String> text,
                                v8::Local<v8::Module>* module) {
  if (!CompileEsModule(context(), url, text).ToLocal(module)) {
    return false;
  }
  registry_.Keep(url, *module);
  return true;
}

bool ModuleGraph::LoadImports(v8::Local<v8::Module> module, const std::string& url) {
  const v8::Local<v8::FixedArray> requests = module->GetModuleRequests();
  for (int i = 0; i < requests->Length(); ++i) {
    const auto request = requests->Get(context(), i).As<v8::ModuleRequest>();
    v8::Local<v8::Object> error;
    {
      v8::Local<v8::Module> imported;
      v8::TryCatch caught(isolate());
      if (Load(TextOf(isolate(), request->GetSpecifier()), url, &imported)) {
        continue;
      }
      if (!MayLackPlace(isolate(), caught)) {
        PassOn(caught);
        return false;
      }
      error = caught.Exception().As<v8::Object>();
    }
    v8::Location at = module->SourceOffsetToLocation(request->GetSourceOffset());
    NamePlaceIfNone(context(), error,
                    absl::StrCat(url, ":", at.GetLineNumber() + 1, ":", at.GetColumnNumber() + 1));
    isolate()->ThrowException(error);
    return false;
  }
  return true;
}

// An import fails at one name after the other.
bool ModuleGraph::Link(v8::Local<v8::Module> module) {
  for (;;) {
    v8::TryCatch caught(isolate());
    if (module->InstantiateModule(context(), &ResolveCallback).IsJust()) {
      return true;
    }
    if (caught.HasTerminated() || !registry_.AddMissingExport(caught)) {
      PassOn(caught);
      return false;
    }
  }
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
  if (promise->State() == v8::Promise::kPending && !Await(module, promise)) {
    return false;
  }
  if (promise->State() == v8::Promise::kRejected) {
    world_.ForgetRejection(promise);
    isolate()->ThrowException(promise->Result());
    return false;
  }
  return true;
}

bool ModuleGraph::Await(v8::Local<v8::Module> module, v8::Local<v8::Promise> promise) {
  {
    v8::TryCatch caught(isolate());
    if (world_.site().WaitFor(promise)) {
      return true;
    }
    if (caught.HasCaught()) {
      PassOn(caught);
      return false;
    }
  }
  if (!isolate()->IsExecutionTerminating()) {
    ThrowError(isolate(), absl::StrCat(registry_.KeyOf(module), ": a top-level await never ends"));
  }
  return false;
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
    if (!known->second.error.IsEmpty()) {
      isolate()->ThrowException(known->second.error.Get(isolate()));
      return false;
    }
    // In a circle this is what the module has exported so far.
    return GetProperty(context(), known->second.module.Get(isolate()), "exports", exports);
  }
  SourceKind kind{};
  v8::Local<v8::String> text;
  if (!reader_.Read(url, importer, &kind, &text)) {
    return false;
  }
  const v8::Local<v8::Object> module = v8::Object::New(isolate());
  v8::Local<v8::Value> initial = v8::Object::New(isolate());
  if (kind == SourceKind::kJson && !ParseJsonFile(context(), url, text).ToLocal(&initial)) {
    return false;
  }
  v8::Local<v8::Function> body;
  if (kind == SourceKind::kCommonJs && !CompileCommonJs(context(), url, text).ToLocal(&body)) {
    return false;
  }
  SetProperty(context(), module, "exports", initial);
  common_js_[url].module.Reset(isolate(), module);
  return (body.IsEmpty() || RunBody(url, body, module, initial)) &&
         GetProperty(context(), module, "exports", exports);
}

bool ModuleGraph::RunBody(const std::string& url, v8::Local<v8::Function> body,
                          v8::Local<v8::Object> module, v8::Local<v8::Value> exports) {
  v8::TryCatch caught(isolate());
  v8::Local<v8::Value> ignored;
  v8::Local<v8::Value> arguments[] = {exports, module};
  const int outer = std::exchange(body_depth_, StackDepth(isolate()));
  const bool ran = body->Call(context(), exports, 2, arguments).ToLocal(&ignored);
  body_depth_ = outer;
  if (!ran) {
    if (!caught.HasTerminated()) {
      common_js_[url].error.Reset(isolate(), caught.Exception());
    }
    PassOn(caught);
  }
  return ran;
}

}  // namespace lockstep::agent
