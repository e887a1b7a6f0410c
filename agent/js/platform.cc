#include "agent/js/platform.h"

#include <utility>

namespace lockstep::agent {

Platform::Platform(int threads)
    : tasks_(v8::platform::NewDefaultPlatform(threads)), pages_(*tasks_->GetPageAllocator()) {}

void Platform::CallOnWorkerThread(std::unique_ptr<v8::Task> task) {
  tasks_->CallOnWorkerThread(std::move(task));
}

void Platform::CallBlockingTaskOnWorkerThread(std::unique_ptr<v8::Task> task) {
  tasks_->CallBlockingTaskOnWorkerThread(std::move(task));
}

void Platform::CallLowPriorityTaskOnWorkerThread(std::unique_ptr<v8::Task> task) {
  tasks_->CallLowPriorityTaskOnWorkerThread(std::move(task));
}

void Platform::CallDelayedOnWorkerThread(std::unique_ptr<v8::Task> task, double seconds) {
  tasks_->CallDelayedOnWorkerThread(std::move(task), seconds);
}

#if V8_MAJOR_VERSION >= 11
std::unique_ptr<v8::JobHandle> Platform::CreateJob(v8::TaskPriority priority,
                                                   std::unique_ptr<v8::JobTask> job) {
  return tasks_->CreateJob(priority, std::move(job));
}
#else
std::unique_ptr<v8::JobHandle> Platform::PostJob(v8::TaskPriority priority,
                                                 std::unique_ptr<v8::JobTask> job) {
  return tasks_->PostJob(priority, std::move(job));
}
#endif

}  // namespace lockstep::agent
