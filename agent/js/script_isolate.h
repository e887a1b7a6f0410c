// One V8 isolate of a worker, shared by up to ScriptEngine::kVusPerIsolate VUs: heap, compilation
// caches, interrupts. Its worker's fibres take turns in it; each enters it by V8's Locker.
#pragma once

#include <memory>

#include <v8.h>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/engine.h"
#include "agent/js/fibre.h"
#include "common/base/clock.h"

namespace lockstep::agent {

class ScriptIsolate {
 public:
  // `on_out_of_memory` is called on the worker, once, from within the script that hit the heap's
  // limit; that script is being terminated. `on_collected`, unless empty, is called on the worker
  // after each garbage collection with the time for which it held up the scripts.
  ScriptIsolate(const ScriptEngine& engine, absl::AnyInvocable<void()> on_out_of_memory,
                absl::AnyInvocable<void(absl::Duration pause)> on_collected);
  // All contexts must be gone, and nobody may be inside. Worker thread.
  ~ScriptIsolate();
  ScriptIsolate(const ScriptIsolate&) = delete;
  ScriptIsolate& operator=(const ScriptIsolate&) = delete;

  v8::Isolate* get() const { return isolate_; }
  const ScriptEngine& engine() const { return engine_; }
  // Coroutines, if this V8 takes them for threads, as a self test at the start asks it.
  FibreKind fibre_kind() const { return fibre_kind_; }
  // Runs V8's own waiting tasks (finalisers, compiled code). Worker thread, not on a fibre.
  void PumpPlatformTasks();

 private:
  static size_t OnNearHeapLimit(void* data, size_t current_limit, size_t initial_limit);
  static void BeforeCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data);
  static void AfterCollection(v8::Isolate*, v8::GCType, v8::GCCallbackFlags, void* data);

  const ScriptEngine& engine_;
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  absl::AnyInvocable<void()> on_out_of_memory_;
  absl::AnyInvocable<void(absl::Duration pause)> on_collected_;
  const SystemClock clock_;
  MonoTime collection_began_;
  v8::Isolate* isolate_ = nullptr;
  FibreKind fibre_kind_ = FibreKind::kThread;
  std::unique_ptr<FunctionCache> functions_;
  std::unique_ptr<OwnedObjects> owned_;
  bool out_of_memory_ = false;
};

// Makes a module's promise callbacks reach their World. Called once for each isolate.
void InstallModuleCallbacks(v8::Isolate* isolate);

}  // namespace lockstep::agent
