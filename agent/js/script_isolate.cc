#include "agent/js/script_isolate.h"

#include <utility>

#include "agent/js/thread_identity.h"

namespace lockstep::agent {
namespace {

// What a terminated script may still allocate while it unwinds.
constexpr size_t kUnwindingHeapBytes = size_t{64} << 20;

// Asks V8, through its public interface, under two identities, who holds an isolate's lock.
bool CoroutinesPassForThreads(v8::Isolate* isolate) {
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
  return told_apart;
}

}  // namespace

ScriptIsolate::ScriptIsolate(const ScriptEngine& engine,
                             absl::AnyInvocable<void()> on_out_of_memory,
                             absl::AnyInvocable<void(absl::Duration pause)> on_collected)
    : engine_(engine),
      allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()),
      on_out_of_memory_(std::move(on_out_of_memory)),
      on_collected_(std::move(on_collected)) {
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = allocator_.get();
  params.allow_atomics_wait = false;
  if (engine.config().heap_bytes > 0) {
    params.constraints.ConfigureDefaultsFromHeapSize(0, engine.config().heap_bytes);
  }
  isolate_ = v8::Isolate::New(params);
  if (!engine.config().force_threads && CoroutinesPassForThreads(isolate_)) {
    fibre_kind_ = FibreKind::kCoroutine;
  }
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate_->AddNearHeapLimitCallback(&ScriptIsolate::OnNearHeapLimit, this);
  if (on_collected_) {
    isolate_->AddGCPrologueCallback(&ScriptIsolate::BeforeCollection, this);
    isolate_->AddGCEpilogueCallback(&ScriptIsolate::AfterCollection, this);
  }
  InstallModuleCallbacks(isolate_);
  functions_ = std::make_unique<FunctionCache>(isolate_);
  owned_ = std::make_unique<OwnedObjects>(isolate_);
}

ScriptIsolate::~ScriptIsolate() {
  owned_.reset();
  functions_.reset();
  isolate_->Dispose();
}

void ScriptIsolate::PumpPlatformTasks() {
  const v8::Locker locker(isolate_);
  const v8::Isolate::Scope scope(isolate_);
  const v8::HandleScope handles(isolate_);
  engine_.PumpTasks(isolate_);
}

void ScriptIsolate::BeforeCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data) {
  auto* self = static_cast<ScriptIsolate*>(data);
  self->collection_began_ = self->clock_.Mono();
}

void ScriptIsolate::AfterCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data) {
  auto* self = static_cast<ScriptIsolate*>(data);
  self->on_collected_(self->clock_.Mono() - self->collection_began_);
}

size_t ScriptIsolate::OnNearHeapLimit(void* data, size_t current_limit, size_t) {
  auto* self = static_cast<ScriptIsolate*>(data);
  if (!std::exchange(self->out_of_memory_, true)) {
    self->on_out_of_memory_();
  }
  self->isolate_->TerminateExecution();
  return current_limit + kUnwindingHeapBytes;
}

}  // namespace lockstep::agent
