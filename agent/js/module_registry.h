// The ES modules of one world, and what each is known by: the URL of a file, or the name of a
// module of the API. Those that are not written as ES modules are made here out of what they
// export.
//
// Where a function returns false or an empty MaybeLocal, a JavaScript exception is pending, unless
// it says otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

class World;

// What `specifier` in a file at `base` is known by.
absl::StatusOr<std::string> ModuleKey(const std::string& specifier, absl::string_view base);

class ModuleRegistry {
 public:
  explicit ModuleRegistry(World& world) : world_(world) {}

  bool Has(const std::string& key) const { return modules_.contains(key); }
  // The module `key`; empty, without an exception, if there is none.
  v8::MaybeLocal<v8::Module> Find(const std::string& key) const;
  // The key of a module of this world; "" of another.
  std::string KeyOf(v8::Local<v8::Module> module) const;
  // Makes the module known as `key`.
  void Keep(const std::string& key, v8::Local<v8::Module> module);

  // Makes a module with a name for each property of `exports`, and these as the default.
  v8::MaybeLocal<v8::Module> Synthesise(const std::string& key, v8::Local<v8::Value> exports);
  // Sets the exports of a module that was made so; called by V8.
  bool FillSynthetic(v8::Local<v8::Module> module);
  // A module that is not written as an ES module has whatever is asked of it: gives the one that an
  // import failed at the name that it lacks, as undefined. False, without a further exception, if
  // `caught` is another failure.
  bool AddMissingExport(const v8::TryCatch& caught);

 private:
  struct Entry {
    v8::Global<v8::Module> module;
    v8::Global<v8::Object> exports;  // empty where the module is written as an ES module
  };

  Entry& Add(const std::string& key, v8::Local<v8::Module> module);
  v8::Isolate* isolate() const;
  v8::Local<v8::Context> context() const;

  World& world_;
  absl::flat_hash_map<std::string, Entry> modules_;
  // By identity hash: all modules made, also those that one with more exports has replaced since.
  absl::flat_hash_map<int, std::vector<std::pair<v8::Global<v8::Module>, std::string>>>
      keys_by_hash_;
};

}  // namespace lockstep::agent
