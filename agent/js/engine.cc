#include "agent/js/engine.h"

#include <libplatform/libplatform.h>
#include <v8.h>

#include "absl/strings/str_cat.h"

#include "agent/js/platform.h"

namespace lockstep::agent {
namespace {

// Room below V8's stack limit for native frames: curl is never called on a fibre, our natives are
// shallow. The deepest use seen in stress was 6.3 KB.
constexpr size_t kNativeStackBytes = size_t{96} << 10;
// Of the young generation's halves. What VUs allocate dies within a request, so a small one loses
// nothing and stays in the processor's caches: against V8's 16 MB it saved 25 KB of memory a VU at
// 1000 VUs, and 6 % of the CPU for a request.
constexpr int kSemiSpaceMegabytes = 1;
// Helpers of the garbage collector and the compiler; more would take the generator's cores.
constexpr int kPlatformThreads = 1;

}  // namespace

ScriptEngine::ScriptEngine(const Config& config)
    : config_(config), platform_(std::make_unique<Platform>(kPlatformThreads)) {
  // V8 keeps one "current microtask" per isolate, so async stack traces would show frames of other
  // VUs. WebAssembly that is compiled by V8's own threads comes back as a task of the isolate, for
  // which no VU knows that it has to wait.
  v8::V8::SetFlagsFromString(
      absl::StrCat("--no-async-stack-traces --no-wasm-async-compilation",
                   " --stack-size=", (config.stack_bytes - kNativeStackBytes) >> 10,
                   " --max-semi-space-size=", kSemiSpaceMegabytes)
          .c_str());
#if V8_MAJOR_VERSION < 11
  v8::V8::SetFlagsFromString("--harmony-import-assertions");
#endif
  v8::V8::InitializePlatform(platform_.get());
  v8::V8::Initialize();
}

void ScriptEngine::ExposeParts(absl::FunctionRef<bool(absl::string_view name)> mentioned) const {
#if V8_MAJOR_VERSION < 11
  const auto expose = [](bool wanted, absl::string_view flag) {
    v8::V8::SetFlagsFromString(absl::StrCat(wanted ? "--" : "--no-", flag).c_str());
  };
  const bool web_assembly = mentioned(kWebAssembly);
  expose(web_assembly, "expose-wasm");
  // asm.js is translated to it, where that is on; without, it runs as the JavaScript that it is.
  expose(web_assembly, "validate-asm");
  expose(mentioned("at"), "harmony-relative-indexing-methods");
  expose(mentioned("hasOwn"), "harmony-object-has-own");
  expose(mentioned("findLast") || mentioned("findLastIndex"), "harmony-array-find-last");
#else
  (void)mentioned;
#endif
}

bool ScriptEngine::PumpTasks(v8::Isolate* isolate) const {
  bool any = false;
  while (v8::platform::PumpMessageLoop(&platform_->tasks(), isolate)) {
    any = true;
  }
  return any;
}

ScriptEngine::~ScriptEngine() {
  v8::V8::Dispose();
  v8::V8::DisposePlatform();
}

}  // namespace lockstep::agent
