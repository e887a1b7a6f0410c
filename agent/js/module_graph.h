// The modules of one world: ES modules, CommonJS, JSON, and the API's own (`k6/http`). Each file is
// evaluated once per world, whichever way it is asked for.
//
// Where a function returns bool or MaybeLocal, false or empty means that a JavaScript exception is
// pending.
#pragma once

#include <string>

#include <v8.h>

#include "absl/container/flat_hash_map.h"

#include "agent/js/module_registry.h"
#include "agent/js/source_reader.h"

namespace lockstep::agent {

class World;

class ModuleGraph {
 public:
  explicit ModuleGraph(World& world) : world_(world), reader_(world), registry_(world) {}

  // Loads and evaluates the main script; the result is what it exports.
  v8::MaybeLocal<v8::Object> RunMain(const std::string& url);
  // Frees what only the loading of files needs.
  void Rest() { reader_.Rest(); }
  // `require(specifier)` in a file at `base`.
  v8::MaybeLocal<v8::Value> Require(const std::string& specifier, const std::string& base);
  // `import(specifier)` in a file at `base`.
  v8::MaybeLocal<v8::Promise> ImportDynamically(const std::string& specifier,
                                                const std::string& base);
  // The module that `specifier` means in `referrer`; all of them are loaded by then.
  v8::MaybeLocal<v8::Module> Resolve(const std::string& specifier, v8::Local<v8::Module> referrer);
  // The URL of the file whose top level is running, which is where k6 starts the paths of open():
  // code of another file that it calls does not count. "file:///" if none is running.
  std::string RunningModule() const;
  ModuleRegistry& registry() { return registry_; }

 private:
  // The module `specifier`, with all that it imports, not yet linked.
  bool Load(const std::string& specifier, const std::string& base, v8::Local<v8::Module>* module);
  // `importer` as in SourceReader::Read.
  bool LoadUrl(const std::string& url, absl::string_view importer, v8::Local<v8::Module>* module);
  bool LoadImports(v8::Local<v8::Module> module, const std::string& url);
  bool Link(v8::Local<v8::Module> module);
  bool LinkAndEvaluate(v8::Local<v8::Module> module, v8::Local<v8::Value>* result);
  // Waits for a module whose top level awaits. False with a pending exception.
  bool Await(v8::Local<v8::Module> module, v8::Local<v8::Promise> promise);
  bool NativeExports(const std::string& name, v8::Local<v8::Object>* exports);
  bool RunCommonJs(const std::string& url, absl::string_view importer,
                   v8::Local<v8::Value>* exports);
  // Runs the body of a CommonJS module, and keeps what it throws.
  bool RunBody(const std::string& url, v8::Local<v8::Function> body, v8::Local<v8::Object> module,
               v8::Local<v8::Value> exports);
  bool CompileModule(const std::string& url, v8::Local<v8::String> text,
                     v8::Local<v8::Module>* module);

  v8::Isolate* isolate() const;
  v8::Local<v8::Context> context() const;

  struct CommonJs {
    v8::Global<v8::Object> module;
    v8::Global<v8::Value> error;  // what its body has thrown, which each later use throws again
  };

  World& world_;
  SourceReader reader_;
  ModuleRegistry registry_;
  int body_depth_ = 0;  // frames of scripts below the top level that is running
  absl::flat_hash_map<std::string, v8::Global<v8::Object>> natives_;  // by name
  absl::flat_hash_map<std::string, CommonJs> common_js_;              // by URL
};

}  // namespace lockstep::agent
