// The modules of one world: ES modules, CommonJS, JSON, and the API's own (`k6/http`). Each file is
// evaluated once per world, whichever way it is asked for.
//
// Where a function returns bool or MaybeLocal, false or empty means that a JavaScript exception is
// pending.
#pragma once

#include <string>
#include <vector>

#include <v8.h>

#include "absl/container/flat_hash_map.h"

#include "agent/js/script_isolate.h"

namespace lockstep::agent {

class World;

class ModuleGraph {
 public:
  explicit ModuleGraph(World& world) : world_(world) {}

  // Loads and evaluates the main script; the result is what it exports.
  v8::MaybeLocal<v8::Object> RunMain(const std::string& url);
  // `require(specifier)` in a file at `base`.
  v8::MaybeLocal<v8::Value> Require(const std::string& specifier, const std::string& base);
  // `import(specifier)` in a file at `base`.
  v8::MaybeLocal<v8::Promise> ImportDynamically(const std::string& specifier,
                                                const std::string& base);
  // The module that `specifier` means in `referrer`; all of them are loaded by then.
  v8::MaybeLocal<v8::Module> Resolve(const std::string& specifier, v8::Local<v8::Module> referrer);
  // Sets the exports of a module that is not written as an ES module; called by V8.
  bool FillSynthetic(v8::Local<v8::Module> module);
  // The URL of an ES module of this graph.
  std::string UrlOf(v8::Local<v8::Module> module) const;

 private:
  struct EsModule {
    v8::Global<v8::Module> module;
    v8::Global<v8::Object>
        synthetic;  // of modules that are not written as ES modules: their exports
  };

  // The module `specifier`, with all that it imports, not yet linked.
  bool Load(const std::string& specifier, const std::string& base, v8::Local<v8::Module>* module);
  bool LoadUrl(const std::string& url, v8::Local<v8::Module>* module);
  bool LoadImports(v8::Local<v8::Module> module, const std::string& url);
  bool LinkAndEvaluate(v8::Local<v8::Module> module, v8::Local<v8::Value>* result);
  bool Synthesise(const std::string& key, v8::Local<v8::Value> exports,
                  v8::Local<v8::Module>* module);
  bool NativeExports(const std::string& name, v8::Local<v8::Object>* exports);
  bool RunCommonJs(const std::string& url, v8::Local<v8::Value>* exports);
  // Reads and parses a file.
  bool Read(const std::string& url, SourceKind* kind, v8::Local<v8::String>* text);
  SourceKind KindOf(const std::string& url, v8::Local<v8::String> text);
  bool CompileModule(const std::string& url, v8::Local<v8::String> text,
                     v8::Local<v8::Module>* module);
  bool CompileSloppily(const std::string& url, v8::Local<v8::String> text);
  // Whether CompileSloppily describes the syntax error `strict` better.
  bool FailsBehind(const v8::TryCatch& strict, const std::string& url, v8::Local<v8::String> text);
  v8::MaybeLocal<v8::Function> CompileCommonJs(const std::string& url, v8::Local<v8::String> text);

  v8::Isolate* isolate() const;
  v8::Local<v8::Context> context() const;

  World& world_;
  absl::flat_hash_map<std::string, EsModule> modules_;  // by URL or native name
  absl::flat_hash_map<int, std::vector<std::string>>
      url_by_hash_;  // identity hash -> keys of modules_
  absl::flat_hash_map<std::string, v8::Global<v8::Object>> natives_;  // by name
  absl::flat_hash_map<std::string, v8::Global<v8::Object>>
      common_js_;  // by URL: their `module` objects
};

}  // namespace lockstep::agent
