#include "agent/js/module_registry.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/specifier.h"
#include "agent/js/world.h"
#include "common/base/nearest.h"

namespace lockstep::agent {
namespace {

v8::MaybeLocal<v8::Value> FillCallback(Context context, v8::Local<v8::Module> module) {
  if (!World::Of(context).modules().registry().FillSynthetic(module)) {
    return {};
  }
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver) ||
      resolver->Resolve(context, v8::Undefined(context->GetIsolate())).IsNothing()) {
    return {};
  }
  return resolver->GetPromise();
}

// The names of a synthetic module: "default" first, then the properties of `exports`, then `more`.
bool NamesOf(Context context, v8::Local<v8::Object> exports, const std::vector<std::string>& more,
             std::vector<v8::Local<v8::String>>* names) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto known = [names](v8::Local<v8::String> name) {
    return std::any_of(names->begin(), names->end(),
                       [name](v8::Local<v8::String> other) { return other->StringEquals(name); });
  };
  names->push_back(JsName(isolate, "default"));
  v8::Local<v8::Array> own;
  if (!exports->GetOwnPropertyNames(context).ToLocal(&own)) {
    return false;
  }
  for (uint32_t i = 0; i < own->Length(); ++i) {
    v8::Local<v8::Value> name;
    v8::Local<v8::String> text;
    if (!own->Get(context, i).ToLocal(&name) || !name->ToString(context).ToLocal(&text)) {
      return false;
    }
    if (!text->StringEquals(names->front())) {
      names->push_back(text);
    }
  }
  for (const std::string& missing : more) {
    if (const v8::Local<v8::String> name = JsText(isolate, missing); !known(name)) {
      names->push_back(name);
    }
  }
  return true;
}

std::vector<std::string> OwnNames(v8::Local<v8::Context> context, v8::Local<v8::Object> exports) {
  std::vector<v8::Local<v8::String>> names;
  std::vector<std::string> texts;
  if (NamesOf(context, exports, {}, &names)) {
    for (const v8::Local<v8::String> name : names) {
      texts.push_back(TextOf(context->GetIsolate(), name));
    }
  }
  return texts;
}

}  // namespace

absl::StatusOr<std::string> ModuleKey(const std::string& specifier, absl::string_view base) {
  return IsNativeName(specifier) ? absl::StatusOr<std::string>(specifier)
                                 : ResolveSpecifier(specifier, base);
}

v8::Isolate* ModuleRegistry::isolate() const {
  return world_.isolate();
}
Context ModuleRegistry::context() const {
  return world_.context();
}

v8::MaybeLocal<v8::Module> ModuleRegistry::Find(const std::string& key) const {
  const auto found = modules_.find(key);
  return found == modules_.end() ? v8::MaybeLocal<v8::Module>()
                                 : found->second.module.Get(isolate());
}

std::string ModuleRegistry::KeyOf(v8::Local<v8::Module> module) const {
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

void ModuleRegistry::Keep(const std::string& key, v8::Local<v8::Module> module) {
  Add(key, module);
}

ModuleRegistry::Entry& ModuleRegistry::Add(const std::string& key, v8::Local<v8::Module> module) {
  keys_by_hash_[module->GetIdentityHash()].emplace_back(v8::Global<v8::Module>(isolate(), module),
                                                        key);
  Entry& entry = modules_[key];
  entry.module.Reset(isolate(), module);
  return entry;
}

v8::MaybeLocal<v8::Module> ModuleRegistry::Synthesise(const std::string& key,
                                                      v8::Local<v8::Value> exports) {
  v8::Local<v8::Object> object;
  if (exports->IsObject()) {
    object = exports.As<v8::Object>();
  } else {
    object = v8::Object::New(isolate());
    SetProperty(context(), object, "default", exports);
  }
  std::vector<v8::Local<v8::String>> names;
  if (!NamesOf(context(), object, world_.site().sources().MissingExports(key), &names)) {
    return {};
  }
  const v8::Local<v8::Module> module =
      v8::Module::CreateSyntheticModule(isolate(), JsText(isolate(), key), names, &FillCallback);
  Add(key, module).exports.Reset(isolate(), object);
  return module;
}

bool ModuleRegistry::FillSynthetic(v8::Local<v8::Module> module) {
  const v8::Local<v8::Object> exports = modules_.at(KeyOf(module)).exports.Get(isolate());
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

// V8 says which name is missing in which module only in the text of its error.
bool ModuleRegistry::AddMissingExport(const v8::TryCatch& caught) {
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
  const std::string key = ModuleKey(specifier, base).value_or("");
  const auto found = modules_.find(key);
  if (found == modules_.end() || found->second.exports.IsEmpty()) {
    return false;
  }
  world_.site().sources().AddMissingExport(key, name);
  const v8::Local<v8::Object> exports = found->second.exports.Get(isolate());
  world_.WarnOnce(absl::StrCat(base, ": ", specifier, " has no export '", name,
                               "'; it is undefined",
                               DidYouMean(name, OwnNames(context(), exports))));
  return !Synthesise(key, exports).IsEmpty();
}

}  // namespace lockstep::agent
