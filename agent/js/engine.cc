#include "agent/js/engine.h"

#include <string>

#include <libplatform/libplatform.h>
#include <v8.h>

#include "absl/strings/str_cat.h"

#include "agent/js/thread_identity.h"

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
    : config_(config), platform_(v8::platform::NewDefaultPlatform(kPlatformThreads)) {
  // V8 keeps one "current microtask" per isolate, so async stack traces would show frames of other
  // VUs.
  v8::V8::SetFlagsFromString(absl::StrCat("--no-async-stack-traces --stack-size=",
                                          (config.stack_bytes - kNativeStackBytes) >> 10,
                                          " --max-semi-space-size=", kSemiSpaceMegabytes)
                                 .c_str());
#if V8_MAJOR_VERSION < 11
  v8::V8::SetFlagsFromString("--harmony-import-assertions");
#endif
  v8::V8::InitializePlatform(platform_.get());
  v8::V8::Initialize();
  if (!config.force_threads && CoroutinesPassForThreads()) {
    fibre_kind_ = FibreKind::kCoroutine;
  }
}

ScriptEngine::~ScriptEngine() {
  v8::V8::Dispose();
  v8::V8::DisposePlatform();
}

bool ScriptEngine::CoroutinesPassForThreads() const {
  v8::Isolate::CreateParams params;
  const std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
      v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  params.array_buffer_allocator = allocator.get();
  v8::Isolate* isolate = v8::Isolate::New(params);
  const ThreadIdentity first = NewThreadIdentity();
  const ThreadIdentity second = NewThreadIdentity();
  bool told_apart = false;
  AssumeThreadIdentity(first);
  {
    const v8::Locker locker(isolate);
    const bool held_by_first = v8::Locker::IsLocked(isolate);
    AssumeThreadIdentity(second);
    const bool held_by_second = v8::Locker::IsLocked(isolate);
    AssumeThreadIdentity(first);
    told_apart = held_by_first && !held_by_second;
  }
  AssumeThreadIdentity(ThreadIdentity::kOwn);
  isolate->Dispose();
  return told_apart;
}

}  // namespace lockstep::agent
