#include "agent/js/script_isolate.h"

#include <algorithm>

#include "agent/js/thread_identity.h"

namespace lockstep::agent {
namespace {

// What a terminated script may still allocate while it unwinds.
constexpr size_t kUnwindingHeapBytes = size_t{64} << 20;
// Up to which V8 looks for no garbage in the old generation: about what VUs that keep little have
// there. V8's own guess is lower, so that it would mark 36 MB while VUs are made and find 3 MB.
constexpr size_t kUnmarkedHeapBytes = ScriptEngine::kVusPerIsolate * (size_t{256} << 10);

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

ScriptIsolate::ScriptIsolate(const ScriptEngine& engine)
    : engine_(engine), allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()) {
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = allocator_.get();
  params.allow_atomics_wait = false;
  if (engine.config().heap_bytes > 0) {
    params.constraints.ConfigureDefaultsFromHeapSize(0, engine.config().heap_bytes);
  }
  const size_t most = params.constraints.max_old_generation_size_in_bytes();
  params.constraints.set_initial_old_generation_size_in_bytes(
      most > 0 ? std::min(kUnmarkedHeapBytes, most / 2) : kUnmarkedHeapBytes);
  isolate_ = v8::Isolate::New(params);
  if (!engine.config().force_threads && CoroutinesPassForThreads(isolate_)) {
    fibre_kind_ = FibreKind::kCoroutine;
  }
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate_->AddNearHeapLimitCallback(&ScriptIsolate::OnNearHeapLimit, this);
  isolate_->AddGCPrologueCallback(&ScriptIsolate::BeforeCollection, this);
  isolate_->AddGCEpilogueCallback(&ScriptIsolate::AfterCollection, this);
  InstallModuleCallbacks(isolate_);
  functions_ = std::make_unique<FunctionCache>(isolate_);
  owned_ = std::make_unique<OwnedObjects>(isolate_);
}

ScriptIsolate::~ScriptIsolate() {
  fibres_.reset();
  texts_.clear();
  owned_.reset();
  functions_.reset();
  isolate_->Dispose();
}

FibrePool& ScriptIsolate::fibres() {
  if (fibres_ == nullptr) {
    fibres_ = std::make_unique<FibrePool>(fibre_kind_, engine_.config().stack_bytes,
                                          [this] { isolate_->DiscardThreadSpecificMetadata(); });
  }
  return *fibres_;
}

void ScriptIsolate::LeaveThread() {
  fibres_.reset();
  isolate_->DiscardThreadSpecificMetadata();
  events_ = {};
}

void ScriptIsolate::Interrupt() {
  // V8 keeps what is asked of it until a script runs, which may be another worker's: so it is this
  // object that hears.
  isolate_->RequestInterrupt(
      [](v8::Isolate*, void* data) { static_cast<ScriptIsolate*>(data)->events_.on_interrupt(); },
      this);
}

v8::Local<v8::String> ScriptIsolate::TextOf(const ScriptSource& source) const {
  const auto found = texts_.find(&source);
  return found == texts_.end() ? v8::Local<v8::String>() : found->second.Get(isolate_);
}

void ScriptIsolate::KeepText(const ScriptSource& source, v8::Local<v8::String> text) {
  texts_[&source].Reset(isolate_, text);
}

void ScriptIsolate::PumpPlatformTasks() {
  const v8::Locker locker(isolate_);
  const v8::Isolate::Scope scope(isolate_);
  const v8::HandleScope handles(isolate_);
  engine_.PumpTasks(isolate_);
}

// Since V8 11 the promises of WebAssembly are settled by tasks, though it is compiled at once.
bool ScriptIsolate::RunSettlingTasks() {
#if V8_MAJOR_VERSION >= 11
  return engine_.PumpTasks(isolate_);
#else
  return false;
#endif
}

void ScriptIsolate::BeforeCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data) {
  auto* self = static_cast<ScriptIsolate*>(data);
  self->collection_began_ = self->clock_.Mono();
}

void ScriptIsolate::AfterCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data) {
  auto* self = static_cast<ScriptIsolate*>(data);
  self->events_.on_collected(self->clock_.Mono() - self->collection_began_);
}

size_t ScriptIsolate::OnNearHeapLimit(void* data, size_t current_limit, size_t) {
  auto* self = static_cast<ScriptIsolate*>(data);
  if (!std::exchange(self->out_of_memory_, true)) {
    self->events_.on_out_of_memory();
  }
  self->isolate_->TerminateExecution();
  return current_limit + kUnwindingHeapBytes;
}

}  // namespace lockstep::agent
