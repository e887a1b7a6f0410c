// What an agent can do with a script, as the control session sees it: inspect it, prepare VUs, run
// setup, teardown and handleSummary. Implemented by agent/vu on V8 and worker threads, and by a
// fake in the simulation. Knows neither.
//
// All methods and callbacks run on the conductor's loop; the work happens on the workers. One
// operation at a time, except that VUs run while other operations wait.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/exec/vu.h"
#include "common/base/clock.h"
#include "common/base/exit_code.h"
#include "common/metrics/batch.h"
#include "common/metrics/metric.h"
#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep::agent {

// A script with all files that its init code reads, by absolute URL ("file:///dir/script.js",
// "https://host/lib.js").
struct ScriptBundle {
  std::string main_url;
  // "file:///dir/": where open() of a bare name starts when there is no module.
  std::string working_directory;
  std::map<std::string, std::string> files;  // contents, the main script's among them
  std::map<std::string, absl::Status>
      missing;             // why those are not there that VU 0 has asked for in vain
  bool base_mode = false;  // without what k6 has in its mode "extended" only
};

// Why user code failed, and with which exit code the run ends because of it.
struct ScriptFailure {
  ExitCode exit_code = ExitCode::kScriptException;
  std::string message;  // with stack trace: file, line and column
};

template <class T>
struct ScriptResult {
  std::optional<T> value;
  ScriptFailure failure;  // meaningful without a value
};

// What handleSummary() wants written: "stdout", "stderr" or a path, and the content. nullopt: it
// returned nothing, and the usual summary is wanted.
using SummaryOutputs = std::optional<std::map<std::string, std::string>>;

// What the init code of VU 0 tells.
struct Inspection {
  std::string options_json = "{}";     // the exported `options`
  std::vector<std::string> exports;    // names of exported functions, "default" among them
  std::vector<Metric> custom_metrics;  // registered by the init code
};

// Fetches a file that the bundle lacks; NotFound, or what else is wrong, as a Status.
using FileLoader = absl::AnyInvocable<void(
    std::string url, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done)>;

struct RunConfig {
  RunOptions options;               // validated
  std::string options_json = "{}";  // what exec.test.options shows
  SegmentTuple segment;
  InstancePlan plan;                       // of the options' scenarios, for `segment`
  std::map<std::string, std::string> env;  // __ENV
  double rps_share = 0;                    // this agent's part of options.rps; 0: no limit
  bool work_moves = false;                 // agents may come and go: `segment` says only who begins
  bool keep_points = false;                // single samples are wanted, too
  absl::Duration max_vu_block;             // of an iteration, without waiting; 0: no limit
  int64_t first_vu_id = 0;                 // in the test; 0: `segment` numbers the VUs
};

struct RowRange {
  int64_t first = 0;
  int64_t count = 0;
};

// A script asks for rows of the fleet's queue `queue`, which has `rows` and goes on forever if it
// wraps.
struct RowLease {
  std::string queue;
  int64_t rows = 0;
  bool wrap = false;
  absl::AnyInvocable<void(RowRange)> done;  // a count of 0: there are no more
  // Until the run is reset: those of the last ones that nobody has taken, and nobody does from then
  // on; where there are none, `first` is the number after the last one.
  absl::AnyInvocable<RowRange()> take_back;
};

class ScriptHost {
 public:
  virtual ~ScriptHost() = default;

  // Runs the init code once, as VU 0, and forgets it again. Files missing from `bundle` come
  // through `loader`.
  virtual void Inspect(const ScriptBundle& bundle, const std::map<std::string, std::string>& env,
                       FileLoader loader,
                       absl::AnyInvocable<void(ScriptResult<Inspection>)> done) = 0;
  // Initialises the VUs that the plan of `config` wants before the start. Fails with the first VU's
  // failure, after which handleSummary may be run. The pool is there until Reset.
  virtual void Prepare(const ScriptBundle& bundle, RunConfig config,
                       absl::AnyInvocable<void(ScriptResult<VuPool*>)> done) = 0;
  // setup() in a VU of its own, within options.setup_timeout. The value is its result as JSON; ""
  // for undefined.
  virtual void RunSetup(absl::AnyInvocable<void(ScriptResult<std::string>)> done) = 0;
  // Interrupts setup(), wherever it is: it fails, if it has not ended meanwhile.
  virtual void InterruptSetup() = 0;
  // VUs that Prepare has initialised so far.
  virtual int64_t vus_initialised() const = 0;
  // Hands setup's result to all VUs, present and later ones. Before the first activation.
  virtual void SetSetupData(std::string json) = 0;
  virtual void RunTeardown(absl::AnyInvocable<void(ScriptResult<bool>)> done) = 0;
  // handleSummary(data) in a fresh VU.
  virtual void RunHandleSummary(std::string data_json,
                                absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)> done) = 0;
  // T0 and the facts that `k6/execution` shows; before the first activation.
  virtual void SetRunStart(MonoTime t0, absl::Time t0_wall) = 0;
  // This agent's part of options.rps is another one.
  virtual void SetRpsShare(double /*per_second*/) {}
  // `count` iterations of scenario `scenario` never started; `vu_id_in_test` says whose they were,
  // 0: no VU's. Does nothing without a run.
  virtual void AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) = 0;
  // Collects what the run has measured since the last time into encoded batches, numbered from here
  // on: one, more where there are very many samples, none if there is nothing. `adjust` changes
  // what is to be encoded. One at a time; each is answered, if by Reset.
  using Adjust = absl::AnyInvocable<void(Batch& whole)>;
  using Sealed = absl::AnyInvocable<void(std::vector<std::string> batches)>;
  virtual void Seal(uint64_t number, Adjust adjust, Sealed done) = 0;
  // Interrupts what still runs, and ends the run with its pool; `done` follows in a later task,
  // when all of it is freed.
  virtual void Reset(absl::AnyInvocable<void()> done) = 0;

  // exec.test.abort(message) was called in an iteration; exec.test.fail(message) likewise. Set
  // before Prepare.
  struct Events {
    absl::AnyInvocable<void(std::string message)> on_abort = [](const std::string&) {};
    absl::AnyInvocable<void()> on_fail = [] {};
    absl::AnyInvocable<void(RowLease)> on_lease = [](RowLease) {};
    // A script wants a secret, by its URL (common/base/secrets.h); also while it is inspected.
    FileLoader on_secret = [](const std::string&, const auto&) {};
  };
  virtual void SetEvents(Events events) = 0;
};

}  // namespace lockstep::agent
