// What V8 needs of the process around it: its own default platform with our pages for its heaps.
#pragma once

#include <memory>

#include <libplatform/libplatform.h>
#include <v8-platform.h>
#include <v8-version.h>

#include "agent/js/heap_pages.h"

namespace lockstep::agent {

class Platform final : public v8::Platform {
 public:
  // With `threads` helpers of the garbage collector and the compiler.
  explicit Platform(int threads);

  // V8's own, which has the tasks.
  v8::Platform& tasks() const { return *tasks_; }

  // v8::Platform
  v8::PageAllocator* GetPageAllocator() override { return &pages_; }
  v8::ZoneBackingAllocator* GetZoneBackingAllocator() override {
    return tasks_->GetZoneBackingAllocator();
  }
  void OnCriticalMemoryPressure() override { tasks_->OnCriticalMemoryPressure(); }
  int NumberOfWorkerThreads() override { return tasks_->NumberOfWorkerThreads(); }
  std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner(v8::Isolate* isolate) override {
    return tasks_->GetForegroundTaskRunner(isolate);
  }
  void CallOnWorkerThread(std::unique_ptr<v8::Task> task) override;
  void CallBlockingTaskOnWorkerThread(std::unique_ptr<v8::Task> task) override;
  void CallLowPriorityTaskOnWorkerThread(std::unique_ptr<v8::Task> task) override;
  void CallDelayedOnWorkerThread(std::unique_ptr<v8::Task> task, double seconds) override;
  bool IdleTasksEnabled(v8::Isolate* isolate) override { return tasks_->IdleTasksEnabled(isolate); }
#if V8_MAJOR_VERSION >= 11
  std::unique_ptr<v8::JobHandle> CreateJob(v8::TaskPriority priority,
                                           std::unique_ptr<v8::JobTask> job) override;
#else
  std::unique_ptr<v8::JobHandle> PostJob(v8::TaskPriority priority,
                                         std::unique_ptr<v8::JobTask> job) override;
#endif
  double MonotonicallyIncreasingTime() override {
    return tasks_->MonotonicallyIncreasingTime();
  }
  double CurrentClockTimeMillis() override {
    return tasks_->CurrentClockTimeMillis();
  }
  StackTracePrinter GetStackTracePrinter() override {
    return tasks_->GetStackTracePrinter();
  }
  v8::TracingController* GetTracingController() override {
    return tasks_->GetTracingController();
  }

 private:
  const std::unique_ptr<v8::Platform> tasks_;
  HeapPages pages_;
};

}  // namespace lockstep::agent
