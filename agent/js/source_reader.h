// Reads the script's files, and finds out what each is: an ES module, CommonJS, JSON, TypeScript;
// once for all VUs of a run (SourceStore).
//
// Where a function returns bool, false means that a JavaScript exception is pending.
#pragma once

#include <memory>
#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

#include "agent/js/script_source.h"
#include "agent/js/typescript.h"

namespace lockstep::agent {

class World;

class SourceReader {
 public:
  explicit SourceReader(World& world) : world_(world) {}

  // Reads a file that the one at `importer` asks for ("": the main script); `text` is what is to be
  // compiled.
  bool Read(const std::string& url, absl::string_view importer, SourceKind* kind,
            v8::Local<v8::String>* text);
  // Frees what only the first reader of a file needs.
  void Rest() { typescript_.reset(); }

 private:
  // What is known of the file; null with a pending exception. Whoever comes first examines it.
  const ScriptSource* Examined(const std::string& url, absl::string_view importer,
                               const std::string& content);
  // Finds out what the file is.
  bool Examine(const std::string& url, const std::string& content, ScriptSource* source);
  bool ExamineTypeScript(const std::string& url, const std::string& content, ScriptSource* source);
  // Takes what the compiler has made of the file.
  bool Take(const std::string& url, TypeScriptCompiler::Output output, ScriptSource* source);
  // The same as Examine for a text of which nobody knows whether it is JavaScript.
  bool ExamineUnnamed(const std::string& url, const std::string& content, ScriptSource* source);
  // The map that the last line of `content` names.
  void FindMap(const std::string& url, absl::string_view content, ScriptSource* source);
  TypeScriptCompiler& typescript();

  v8::Isolate* isolate() const;
  v8::Local<v8::Context> context() const;

  World& world_;
  std::unique_ptr<TypeScriptCompiler> typescript_;  // while files are read
};

}  // namespace lockstep::agent
