// One V8 isolate of a worker, shared by up to ScriptEngine::kVusPerIsolate VUs: heap, compilation
// caches, interrupts. Its worker's fibres take turns in it; each enters it by V8's Locker.
#pragma once

#include <memory>
#include <utility>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/engine.h"
#include "agent/js/fibre_pool.h"
#include "common/base/clock.h"

namespace lockstep::agent {

struct ScriptSource;

class ScriptIsolate {
 public:
  struct Events {
    // On the worker, once, from within the script that hit the heap's limit; that script is being
    // terminated.
    absl::AnyInvocable<void()> on_out_of_memory = [] {};
    // On the worker after each garbage collection, with the time for which it held up the scripts.
    absl::AnyInvocable<void(absl::Duration pause)> on_collected = [](absl::Duration) {};
    // After Interrupt, from within a script.
    absl::AnyInvocable<void()> on_interrupt = [] {};
  };

  // `engine` outlives the isolate.
  explicit ScriptIsolate(const ScriptEngine& engine);
  // All contexts must be gone, and nobody may be inside. Worker thread.
  ~ScriptIsolate();
  ScriptIsolate(const ScriptIsolate&) = delete;
  ScriptIsolate& operator=(const ScriptIsolate&) = delete;

  v8::Isolate* get() const { return isolate_; }
  const ScriptEngine& engine() const { return engine_; }
  // Coroutines, if this V8 takes them for threads, as a self test at the start asks it.
  FibreKind fibre_kind() const { return fibre_kind_; }
  // Where VUs borrow what they run on. Worker thread.
  FibrePool& fibres();
  // Has `on_interrupt` called from within the script that runs or, where none does, from the next
  // one. Any thread.
  void Interrupt();
  // Leaves the worker, which hears of no event from now on, not even of an interrupt that it has
  // asked for: another thread may have the isolate, which keeps what it has compiled. All VUs must
  // be gone.
  void LeaveThread();
  // Says who hears of its events, before its first use by a worker: nobody does until then.
  void SetEvents(Events events) { events_ = std::move(events); }
  // It has hit its heap's limit, and should host nothing more.
  bool out_of_memory() const { return out_of_memory_; }
  // The text of `source` that KeepText has kept, or empty: one for all VUs, as V8 finds what it has
  // compiled by the text.
  v8::Local<v8::String> TextOf(const ScriptSource& source) const;
  // `source` outlives the isolate. Inside it.
  void KeepText(const ScriptSource& source, v8::Local<v8::String> text);
  // Runs V8's own waiting tasks (finalisers, compiled code). Worker thread, not on a fibre.
  void PumpPlatformTasks();
  // Runs those that may settle a promise; whether there were any. Inside the isolate.
  bool RunSettlingTasks();

 private:
  static size_t OnNearHeapLimit(void* data, size_t current_limit, size_t initial_limit);
  static void BeforeCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data);
  static void AfterCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data);

  const ScriptEngine& engine_;
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  Events events_;
  const SystemClock clock_;
  MonoTime collection_began_;
  v8::Isolate* isolate_ = nullptr;
  FibreKind fibre_kind_ = FibreKind::kThread;
  std::unique_ptr<FunctionCache> functions_;
  std::unique_ptr<OwnedObjects> owned_;
  std::unique_ptr<FibrePool> fibres_;  // null until a VU asks
  absl::flat_hash_map<const ScriptSource*, v8::Global<v8::String>> texts_;
  bool out_of_memory_ = false;
};

// Makes a module's promise callbacks reach their World. Called once for each isolate.
void InstallModuleCallbacks(v8::Isolate* isolate);

}  // namespace lockstep::agent
