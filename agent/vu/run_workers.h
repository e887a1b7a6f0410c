// The worker threads of one run, and the network that they share. VUs are spread over them round
// robin. Conductor's loop only, except for End.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "agent/net/network.h"
#include "agent/vu/worker.h"

namespace lockstep::agent {

class RunWorkers {
 public:
  // `engine` and `shared` outlive the workers, which keep their samples as `samples` says.
  RunWorkers(const ScriptEngine& engine, std::unique_ptr<Network> network, RunShared& shared,
             Accumulator::Config samples);
  // End, if it has not been called.
  ~RunWorkers() { End(); }
  RunWorkers(const RunWorkers&) = delete;
  RunWorkers& operator=(const RunWorkers&) = delete;

  // Starts `count` threads, >= 1. Once, when `shared` is complete. The first one's first VUs share
  // `isolate`, if that is not null.
  void Start(int count, std::unique_ptr<ScriptIsolate> isolate);
  // Interrupts what still runs and waits for the threads. Any thread but a worker's.
  void End();
  // The same where there is one thread, whose first isolate is left, if it can host more.
  std::unique_ptr<ScriptIsolate> EndLeavingIsolate();

  const std::vector<std::unique_ptr<Worker>>& all() const { return workers_; }
  Worker& first() { return *workers_.front(); }  // once they are started
  Network& network() { return *network_; }
  // Those that Start has started.
  size_t started() const { return started_; }
  // The worker for the next VU. Unplanned ones, which come while others are at work, have workers
  // of their own, so that their init code holds up no planned VU.
  Worker& ForPlannedVu();
  Worker& ForUnplannedVu();

 private:
  Worker& Add(std::unique_ptr<ScriptIsolate> isolate);

  const ScriptEngine& engine_;
  const std::unique_ptr<Network> network_;
  RunShared& shared_;
  const Accumulator::Config samples_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t started_ = 0;
  size_t planned_vus_ = 0;
  size_t unplanned_vus_ = 0;
};

}  // namespace lockstep::agent
