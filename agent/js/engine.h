// The V8 of this process: initialised once, before any isolate, by main or a test's fixture. Holds
// what all isolates share: the platform and the flags.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace v8 {
class Isolate;
}

namespace lockstep::agent {

class Platform;

class ScriptEngine {
 public:
  struct Config {
    // For each VU that is in the middle of something: address space, touched lazily. Enough for
    // calls 45,000 deep and for half a million arguments (k6 has no limit, Node.js a quarter of
    // this).
    size_t stack_bytes = size_t{4} << 20;
    // Of each isolate, which up to kVusPerIsolate VUs share. 0: V8's own choice from the machine's
    // memory.
    size_t heap_bytes = 0;
    bool force_threads = false;  // for tests: as if V8 had refused coroutines
  };
  // Each scavenge scans the stacks of all parked VUs of its isolate: 0.5 ms at 50 VUs, 36 ms at
  // 5000.
  static constexpr int kVusPerIsolate = 250;

  // One at a time in a process, and V8 cannot be initialised again after it.
  explicit ScriptEngine(const Config& config);
  ~ScriptEngine();
  ScriptEngine(const ScriptEngine&) = delete;
  ScriptEngine& operator=(const ScriptEngine&) = delete;

  const Config& config() const { return config_; }
  static constexpr char kWebAssembly[] = "WebAssembly";
  // Contexts that are made from now on have only those of some costly parts of the language whose
  // names are `mentioned`: V8 adds these one by one to each context. WebAssembly takes a quarter of
  // the time that it takes to make one, and 12 KB; a few younger methods (`at`, `hasOwn`,
  // `findLast`), most of which go onto prototypes with many others, a tenth, and leave 11 KB of
  // garbage. While no context is being made. Has no effect where V8 does not take flags after its
  // start: there they have all.
  void ExposeParts(absl::FunctionRef<bool(absl::string_view name)> mentioned) const;
  // Runs tasks of V8 that wait for the thread of `isolate`; whether there were any. On it, inside
  // the isolate.
  bool PumpTasks(v8::Isolate* isolate) const;

 private:
  const Config config_;
  std::unique_ptr<Platform> platform_;
};

}  // namespace lockstep::agent
