// A virtual user at its worker: a world of its own. Runs jobs (init code, activations, setup, ...) one after another, on a
// fibre that it borrows while it has some; while its script waits, the fibre is parked.
//
// Worker's thread only, except where it says otherwise. "Inside" means on the fibre, in the
// isolate.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <v8.h>

#include "agent/exec/vu.h"
#include "agent/js/fibre_pool.h"
#include "agent/js/world.h"
#include "agent/vu/worker.h"

namespace lockstep::agent {

class ScriptVu final : public ApiVu, public WorldSite {
 public:
  // kAgain: it lets other VUs have their turn, and is called once more.
  enum class JobState { kDone, kAgain };
  // Runs inside the VU.
  using Job = absl::AnyInvocable<JobState(ScriptVu&)>;
  static constexpr uint64_t kEveryEpoch = UINT64_MAX;
  // Of the first job, the init code; later jobs count on.
  static constexpr uint64_t kInitEpoch = 1;

  struct Ids {
    int64_t in_instance = 0;
    int64_t in_test = 0;
  };
  ScriptVu(Worker& worker, VuKey key, Ids ids);
  ~ScriptVu() override;

  // ---- from the worker ----
  // Queues a job as the VU's activation `epoch`, and makes the VU ready.
  void Enqueue(uint64_t epoch, Job job);
  // Gives it a fibre, unless it has one. False: it has nothing to do there.
  bool TakeFibre();
  // Goes on with what it does. It has a fibre.
  void Resume();
  // Makes it return from whatever it is doing, and end; resume it until `done`.
  void Quit() { wanted_epoch_.store(kEveryEpoch); }
  bool done() const { return done_; }
  // Of the fibre's thread. It has a fibre.
  clockid_t cpu_clock() const { return fibre_->cpu_clock(); }
  bool& queued() { return queued_; }
  v8::Isolate* isolate() const { return script_isolate_.get(); }
  // The epoch that is to stop, for other threads.
  std::atomic<uint64_t>& wanted_epoch() { return wanted_epoch_; }
  bool interrupted() const {
    const uint64_t wanted = wanted_epoch_.load(std::memory_order_relaxed);
    return wanted == epoch_ || wanted == kEveryEpoch;
  }

  RunShared& run() { return run_; }
  // The running iteration has kept the worker for `limit`: ends it where it is, and takes that down.
  // From an interrupt of V8, on the worker's thread. Does nothing outside of iterations, which have
  // limits of their own.
  void InterruptBlock(absl::Duration limit);

  // ---- inside ----
  World& world() { return *world_; }
  // Evaluates the init code, and waits for what it started. Once, as the first job.
  std::optional<ScriptFailure> Init();
  // Takes iterations from `source` until it has no more. Again: the last one has not waited for
  // anything, and must not keep others from running.
  JobState RunIterations(size_t scenario, IterationSource& source);
  // Calls the exported function `name` under the group `group`, and waits for what it started. The
  // result is in `result`, where the caller has a HandleScope.
  std::optional<ScriptFailure> CallExported(absl::string_view name, absl::string_view group,
                                            v8::Local<v8::Value> argument,
                                            v8::Local<v8::Value>* result);
  // setup()'s result as this VU's own value.
  v8::Local<v8::Value> SetupValue();
  // What the caught exception means for the run; `caught` is reset.
  ScriptFailure FailureOf(v8::TryCatch& caught);
  // What promises that were rejected mean for the run, if nobody has heard of one by now: the first
  // one fails what was called, the others are logged.
  std::optional<ScriptFailure> FailureOfRejections();

  // ---- ApiVu ----
  bool in_init() const override { return in_init_; }
  const RunOptions& options() const override { return run_.config.options; }
  const SystemTags& system_tags() const override { return run_.system_tags; }
  Logger& logger() override { return run_.logger; }
  EventLoop& loop() override { return worker_.loop(); }
  SampleSink& sink() override { return worker_.sink(); }
  TagSetId tags() const override { return tags_; }
  void set_tags(TagSetId tags) override { tags_ = tags; }
  const std::string& group() const override { return group_; }
  void SetGroup(std::string path) override;
  void CountBytes(int64_t sent, int64_t received) override;
  bool Park(absl::FunctionRef<void(Task wake)> start) override;
  absl::AnyInvocable<void(Task task)> Expect() override;
  std::optional<ScenarioFacts> scenario() const override;
  InstanceFacts instance() const override;
  VuFacts vu() const override;
  std::string options_json() const override { return run_.config.options_json; }
  void AbortTest(std::string message) override;
  void FailTest() override;
  std::optional<absl::Duration> TakeLateness() override;
  const SegmentTuple& segment() const override { return run_.config.segment; }
  void LeaseRows(const std::string& name, int64_t rows, bool wrap,
                 absl::AnyInvocable<void(RowBlock)> done) override;
  void GetSecret(std::string url,
                 absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  HttpClient& http() override { return worker_.loop(); }
  ConnectionPool& connections() override { return *connections_; }
  GrpcEngine& grpc() override { return worker_.grpc(); }

  // ---- WorldSite ----
  ApiVu& api() override { return *this; }
  SharedArrayStore& shared_arrays() override { return *run_.shared_arrays; }
  RowStore& rows() override { return *run_.rows; }
  FileStore& shared_files() override { return *run_.shared_files; }
  StreamClient& streams() override { return worker_.loop(); }
  MqttEnv& mqtt() override { return worker_.mqtt(); }
  SchemaStore& proto_schemas() override { return *run_.proto_schemas; }
  SourceStore& sources() override { return *run_.sources; }
  const std::map<std::string, std::string>& env() const override { return run_.config.env; }
  bool base_mode() const override { return run_.bundle.base_mode; }
  Logger& console() override { return run_.logger; }
  absl::StatusOr<std::string> LoadFile(const std::string& url) override;
  bool WaitFor(v8::Local<v8::Context> context, v8::Local<v8::Promise> promise) override;

 private:
  class Expectation;
  struct QueuedJob {
    uint64_t epoch;
    Job job;
    bool begun = false;
  };

  struct Block {
    absl::Duration limit;  // that it computed for without waiting
    std::string where;     // "file:///dir/script.js:3:9"
  };

  // On a fibre: does what there is to do.
  void Work();
  // The same inside the isolate.
  void DoJobs();
  void End();
  // Leaves the isolate and waits to be made ready.
  void SwitchOut();
  // Ends the script: once this returns to it, it is being unwound.
  void Terminate();
  // After an interruption: V8 may run code of this VU again.
  void ForgetTermination();
  // Runs microtasks and events until `until`, or until nothing is expected any more. False:
  // interrupted, or an event threw, which is left to the caller's TryCatch.
  bool RunEvents(absl::FunctionRef<bool()> until);
  void DropEvents();
  // Logs what was thrown, and resets `caught`.
  void LogException(v8::TryCatch& caught);
  // The same for the reason of a promise.
  void LogRejection(v8::Local<v8::Value> reason);
  std::string DescribeRejection(v8::Local<v8::Value> reason);
  void LogFault(std::string text);
  // The row of the table of errors of what was thrown; `text` with its stack.
  void CountThrown(absl::string_view text);
  bool quitting() const { return wanted_epoch_.load(std::memory_order_relaxed) == kEveryEpoch; }

  void Enter(size_t scenario);
  IterationEnd RunIteration(const Iteration& iteration);
  // Records how late the iteration began, if that is wanted.
  void NoteLateness(MonoTime began);
  // The samples of an iteration that has ended.
  void EmitIteration(absl::Duration duration);
  // Logs what InterruptBlock has taken down, and counts it: for the generator's health, and in the
  // table of errors.
  void ReportBlock();
  void FinishIteration(MonoTime began, absl::Duration duration);
  void EmitData(absl::Time now);
  // In the same turn as the iteration's samples, so that both are sealed together.
  void CountEnded(int64_t EndedIterations::*how);

  Worker& worker_;
  RunShared& run_;
  const VuKey key_;
  const Ids ids_;
  ScriptIsolate& script_isolate_;
  std::unique_ptr<ConnectionPool> connections_;
  std::unique_ptr<LentFibre> fibre_;  // null: nothing is going on
  std::unique_ptr<World> world_;      // made with the first job, and ended inside
  bool done_ = false;

  std::deque<QueuedJob> jobs_;
  uint64_t epoch_ = 0;  // of the running job
  std::atomic<uint64_t> wanted_epoch_{0};
  bool queued_ = false;
  bool in_init_ = true;
  std::optional<Block> blocked_;  // how the present iteration kept its worker; unset: it did not
  std::string aborted_;           // the message of exec.test.abort() in the present job
  bool parked_ = false;           // since the present iteration began

  uint64_t park_ = 0;  // number of the present wait
  bool woken_ = false;
  // Who waits for secrets, by number.
  std::map<uint64_t, absl::AnyInvocable<void(absl::StatusOr<std::string>)>> secrets_;
  uint64_t last_secret_ = 0;
  std::deque<Task> events_;
  int64_t expected_ = 0;     // announced events that have not come
  uint64_t generation_ = 1;  // events of earlier generations are dropped

  TagSetId tags_ = kEmptyTagSet;
  std::string group_;
  std::optional<TagSetId> grouped_;  // what tags_ was when it got that group
  int64_t bytes_sent_ = 0, bytes_received_ = 0;

  std::optional<size_t> scenario_;  // of the running activation
  std::optional<size_t> entered_;   // whose tags, variables and function are set
  v8::Global<v8::Function> function_;
  v8::Global<v8::Value> setup_value_;
  Iteration iteration_;
  std::optional<absl::Duration> lateness_;  // of its start, while no request has taken it
  int64_t iterations_ = 0;                  // begun by this VU
  std::map<size_t, int64_t> iterations_in_scenario_;
};

}  // namespace lockstep::agent
