#include "agent/vu/run_workers.h"

#include <utility>

namespace lockstep::agent {

RunWorkers::RunWorkers(const ScriptEngine& engine, std::unique_ptr<Network> network,
                       RunShared& shared, Accumulator::Config samples)
    : engine_(engine),
      network_(std::move(network)),
      shared_(shared),
      samples_(std::move(samples)) {}

Worker& RunWorkers::Add(std::unique_ptr<ScriptIsolate> isolate) {
  return *workers_.emplace_back(
      std::make_unique<Worker>(engine_, *network_, shared_, samples_, std::move(isolate)));
}

void RunWorkers::Start(int count, std::unique_ptr<ScriptIsolate> isolate) {
  for (; count > 0; --count) {
    Add(std::move(isolate));
  }
  started_ = workers_.size();
}

void RunWorkers::End() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->BeginStop();
  }
  workers_.clear();
}

std::unique_ptr<ScriptIsolate> RunWorkers::EndLeavingIsolate() {
  std::unique_ptr<ScriptIsolate> isolate = workers_.front()->StopAndLeaveIsolate();
  End();
  return isolate;
}

Worker& RunWorkers::ForPlannedVu() {
  return *workers_[planned_vus_++ % started_];
}

Worker& RunWorkers::ForUnplannedVu() {
  const size_t index = started_ + unplanned_vus_++ % started_;
  return index == workers_.size() ? Add(nullptr) : *workers_[index];
}

}  // namespace lockstep::agent
