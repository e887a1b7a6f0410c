// The ScriptHost of a real agent: runs of scripts on fleets of worker threads with V8. Each run has
// workers and VUs of its own, which end with it; setup, teardown and the like run in a VU that
// lives no longer than they do.
//
// Everything on the conductor's loop, which must not run tasks of this host after it is gone.
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/js/engine.h"
#include "agent/report/accumulator.h"
#include "agent/run/script_host.h"
#include "agent/vu/function_calls.h"
#include "agent/vu/script_run.h"
#include "common/base/timer.h"

namespace lockstep::agent {

class WorkerFleet final : public ScriptHost {
 public:
  struct Config {
    int workers = 1;  // threads that host VUs, >= 1
    // The agent cannot go on: a script has used up a heap. Called on the conductor's loop; the
    // process should end.
    absl::AnyInvocable<void(std::string message)> on_broken = [](const std::string&) {};
  };
  // All outlive the host. Makes a first isolate in the background, while the agent joins a run.
  WorkerFleet(const ScriptEngine& engine, EventLoop& conductor, Logger& logger, Config config);
  // Interrupts what runs, and waits for it.
  ~WorkerFleet() override;

  void Inspect(const ScriptBundle& bundle, const std::map<std::string, std::string>& env,
               FileLoader loader, absl::AnyInvocable<void(ScriptResult<Inspection>)> done) override;
  void Prepare(const ScriptBundle& bundle, RunConfig config,
               absl::AnyInvocable<void(ScriptResult<VuPool*>)> done) override;
  void RunSetup(absl::AnyInvocable<void(ScriptResult<std::string>)> done) override;
  void InterruptSetup() override;
  int64_t vus_initialised() const override;
  void SetSetupData(std::string json) override;
  void RunTeardown(absl::AnyInvocable<void(ScriptResult<bool>)> done) override;
  void RunHandleSummary(std::string data_json,
                        absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)> done) override;
  void SetRunStart(MonoTime t0, absl::Time t0_wall) override;
  void SetRpsShare(double per_second) override;
  void AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) override;
  void Seal(uint64_t number, Adjust adjust, Sealed done) override;
  void Reset(absl::AnyInvocable<void()> done) override;
  void SetEvents(Events events) override { events_ = std::move(events); }

  // What the workers note of themselves.
  RunHealth& health() { return health_; }

 private:
  // A run without workers whose events reach this host.
  std::unique_ptr<ScriptRun> NewRun(const ScriptBundle& bundle, RunConfig config,
                                    std::unique_ptr<Network> network);
  // Watches the run's workers from now on.
  void WatchWorkers();
  // Ends the workers of `runs` on a thread of its own, then calls `done`.
  void EndRuns(std::vector<std::unique_ptr<ScriptRun>> runs, absl::AnyInvocable<void()> done);
  // The same for the inspection, of which the run after it inherits what it can use.
  void EndInspection(absl::AnyInvocable<void()> done);
  // An isolate that is there already, for the next worker; null if there is none.
  std::unique_ptr<ScriptIsolate> TakeIsolate();
  // Runs `work` on a thread of its own, one after the other; the conductor waits for none.
  void Reap(absl::AnyInvocable<void()> work);

  const ScriptEngine& engine_;
  EventLoop& conductor_;
  Logger& logger_;
  Config config_;
  Events events_;
  RunHealth health_;

  std::unique_ptr<ScriptRun> run_;
  std::unique_ptr<ScriptRun> inspection_;
  uint64_t inspections_ = 0;
  // What the inspection built, for the run that follows it: each SharedArray is built once in an
  // agent, and each file is compiled once in an isolate.
  struct Inspected {
    std::unique_ptr<SharedArrayStore> arrays;
    std::unique_ptr<RowStore> rows;
    std::unique_ptr<FileStore> files;
    std::unique_ptr<SourceStore> sources;
    std::unique_ptr<ScriptIsolate> isolate;  // it knows the sources; null: none is left
  };
  std::optional<Inspected> inspected_;
  std::future<std::unique_ptr<ScriptIsolate>> first_isolate_;  // until it is taken
  FunctionCalls calls_;
  uint64_t setup_call_ = 0;  // the latest of setup()

  Timer watch_timer_{conductor_};
  std::thread reaper_;
};

}  // namespace lockstep::agent
