// The ScriptHost of a real agent: V8 on worker threads. VUs are spread over the workers round
// robin; each run has workers of its own, which end with it.
//
// Everything on the conductor's loop, which must not run tasks of this host after it is gone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/js/engine.h"
#include "agent/report/accumulator.h"
#include "agent/run/script_host.h"
#include "agent/vu/pooled_vu.h"
#include "agent/vu/script_run.h"

namespace lockstep::agent {

class ScriptHostImpl final : public ScriptHost, private VuPool {
 public:
  struct Config {
    int workers = 1;  // threads that host VUs, >= 1
    // The agent cannot go on: a script has used up a heap. Called on the conductor's loop; the
    // process should end.
    absl::AnyInvocable<void(std::string message)> on_broken;
  };
  // All outlive the host.
  ScriptHostImpl(const ScriptEngine& engine, EventLoop& conductor, Logger& logger, Config config);
  // Interrupts what runs, and waits for it.
  ~ScriptHostImpl() override;

  void Inspect(const ScriptBundle& bundle, const std::map<std::string, std::string>& env,
               FileLoader loader, absl::AnyInvocable<void(ScriptResult<Inspection>)> done) override;
  void Prepare(const ScriptBundle& bundle, RunConfig config, int64_t vus,
               absl::AnyInvocable<void(ScriptResult<bool>)> done) override;
  void RunSetup(absl::AnyInvocable<void(ScriptResult<std::string>)> done) override;
  void SetSetupData(std::string json) override;
  void RunTeardown(absl::AnyInvocable<void(ScriptResult<bool>)> done) override;
  void RunHandleSummary(std::string data_json,
                        absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)> done) override;
  void SetRunStart(MonoTime t0, absl::Time t0_wall) override;
  VuPool& pool() override { return *this; }
  void Reset(absl::AnyInvocable<void()> done) override;
  void SetEvents(Events events) override { events_ = std::move(events); }

  // What the workers note of themselves.
  RunHealth& health() { return health_; }

  // How the workers of the next Prepare keep their samples.
  void SetAccumulator(Accumulator::Config config) { accumulator_ = config; }
  // What the workers of the run have measured since the last call, one batch for each. One call at
  // a time; a Reset answers it with nothing.
  void Seal(absl::AnyInvocable<void(std::vector<Batch>)> done);

 private:
  // One call of an exported function in a VU of its own.
  struct Operation {
    TimerId timer = TimerId::kNone;
    bool timed_out = false;
  };
  struct Limit {
    const char* function;
    absl::Duration time;
    ExitCode exit_code;
  };
  struct Preparing {
    int64_t wanted = 0;
    int64_t begun = 0;
    int64_t running = 0;
    std::optional<ScriptFailure> failure;
    absl::AnyInvocable<void(ScriptResult<bool>)> done;
  };
  struct Sealing {
    size_t waiting = 0;
    std::vector<Batch> batches;
    absl::AnyInvocable<void(std::vector<Batch>)> done;
  };
  using Created = absl::AnyInvocable<void(std::optional<ScriptFailure> failure, PooledVu* vu)>;

  // VuPool
  Vu* Take() override;
  void Give(Vu* vu) override;
  void InitialiseOne(absl::AnyInvocable<void(Vu*)> done) override;
  int64_t initialised() const override { return initialised_; }

  // A run without workers whose events reach this host.
  std::unique_ptr<ScriptRun> NewRun(const ScriptBundle& bundle, RunConfig config);
  // The worker for the next VU. Unplanned ones, which come while others are at work, have workers
  // of their own, so that their init code holds up no planned VU.
  Worker& NextWorker(bool planned);
  // Initialises the next VU of the run.
  void CreateVu(bool planned, Created created);
  void PrepareNext();
  void PreparedOne(std::optional<ScriptFailure> failure, PooledVu* vu);
  // Runs the init code and then `job` in a VU of its own; the limit is on the job.
  template <class T>
  void RunOnce(ScriptRun& run, std::optional<Limit> limit,
               absl::AnyInvocable<ScriptResult<T>(ScriptVu&)> job,
               absl::AnyInvocable<void(ScriptResult<T>)> done);
  void LimitOperation(uint64_t id, absl::Duration time, Worker& worker, VuKey key);
  // Ends the workers of `runs` on a thread of its own, then calls `done`.
  void EndRuns(std::vector<std::unique_ptr<ScriptRun>> runs, absl::AnyInvocable<void()> done);

  const ScriptEngine& engine_;
  EventLoop& conductor_;
  Logger& logger_;
  Config config_;
  Events events_;
  Accumulator::Config accumulator_;
  RunHealth health_;

  uint64_t generation_ = 0;  // of runs; answers of earlier ones are dropped
  std::unique_ptr<ScriptRun> run_;
  std::unique_ptr<ScriptRun> inspection_;
  uint64_t inspections_ = 0;
  // What the inspection built, for the run that follows it: each SharedArray is built once in an
  // agent.
  std::unique_ptr<SharedArrayStore> inspected_arrays_;
  std::unique_ptr<RowStore> inspected_rows_;
  std::optional<Preparing> preparing_;
  std::optional<Sealing> sealing_;
  uint64_t next_operation_ = 1;
  std::map<uint64_t, Operation> operations_;

  int64_t created_ = 0;
  int64_t unplanned_ = 0;  // of them
  int64_t initialised_ = 0;
  std::vector<std::unique_ptr<PooledVu>> vus_;
  std::deque<PooledVu*> idle_;

  std::thread reaper_;
};

}  // namespace lockstep::agent
