// TypeScript to JavaScript: swc, which is WebAssembly and takes a while to start. So a compiler is
// made when the first file needs one, and files are compiled once for all VUs of a run.
#pragma once

#include <optional>
#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// What the name of a file says: TypeScript, or a script from standard input, which has no name and
// may be either.
bool IsTypeScript(absl::string_view url);
bool IsStandardInput(absl::string_view url);
// Whether the compiler may be asked for this file.
bool MayBeTypeScript(absl::string_view url);

class TypeScriptCompiler {
 public:
  // Inside the isolate, which outlives the compiler, and whose contexts have WebAssembly when the
  // first file is compiled (ScriptEngine::ExposeParts).
  explicit TypeScriptCompiler(v8::Isolate* isolate) : isolate_(isolate) {}

  struct Output {
    std::string code;
    std::string map_json;  // its source map
  };
  // Why a text cannot be compiled, and where: from 1; line 0: the compiler itself has failed.
  struct Problem {
    std::string message;
    int line = 0;
    int column = 0;
  };
  // The JavaScript of `source`, the text of the file at `url`. Nothing with a `problem`, or without
  // one when the script is being terminated.
  std::optional<Output> Compile(const std::string& url, absl::string_view source,
                                std::optional<Problem>* problem);

 private:
  bool Start();
  bool Call(const std::string& url, absl::string_view source, std::optional<Output>* output,
            std::optional<Problem>* problem);

  v8::Isolate* isolate_;
  v8::Global<v8::Context> context_;  // of the compiler alone
  v8::Global<v8::Function> compile_;
};

}  // namespace lockstep::agent
