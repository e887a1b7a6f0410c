// A virtual user at its worker: a world of its own. Runs jobs (init code, activations, setup, ...)
// one after another, on a fibre that it borrows while it has some; while its script waits, the
// fibre is parked.
//
// | a job is  | fibre           | leaves that when                                                  |
// |-----------|-----------------|-------------------------------------------------------------------|
// | queued    | none            | the jobs before it are done; dropped if the VU is to quit         |
// | running   | the VU's, runs  | it returns kDone or kAgain, or its script waits                   |
// | waiting   | the VU's, parks | what it waits for comes, or it is interrupted: the VU gets a turn |
// | done once | given back      | the worker's next turn: kAgain runs the same job anew             |
// | done      | given back      | -; the next job goes on with the same fibre, if there is one      |
//
// A job that has begun comes to its end, also when the VU is to quit: its script is interrupted.
//
// script_vu.cc: jobs and what they call; script_vu_iterations.cc: the job that runs iterations.
// What else a VU is made of is in files of its own: vu_samples.h, vu_events.h, vu_faults.h,
// conductor_asks.h.
//
// Worker's thread only, except where it says otherwise. "Inside" means on the fibre, in the
// isolate.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <v8.h>

#include "agent/exec/vu.h"
#include "agent/js/fibre_pool.h"
#include "agent/js/world.h"
#include "agent/vu/conductor_asks.h"
#include "agent/vu/vu_events.h"
#include "agent/vu/vu_facts.h"
#include "agent/vu/vu_faults.h"
#include "agent/vu/vu_samples.h"
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
  // The place in the worker's queue of VUs that can go on. False: it has that already.
  bool ClaimQueueSlot() { return !std::exchange(queued_, true); }
  void LeaveQueue() { queued_ = false; }
  // Asks for the memory that Resume is going to use beside the VU itself: above all, the stack on
  // which it waits.
  void PrefetchParts() const;
  ScriptIsolate& script_isolate() const { return script_isolate_; }
  v8::Isolate* isolate() const { return script_isolate_.get(); }
  // The epoch that is to stop, for other threads.
  std::atomic<uint64_t>& wanted_epoch() { return wanted_epoch_; }
  bool interrupted() const {
    const uint64_t wanted = wanted_epoch_.load(std::memory_order_relaxed);
    return wanted == epoch_ || wanted == kEveryEpoch;
  }

  RunShared& run() { return run_; }
  VuEvents& events() { return events_; }
  ConductorAsks& asks() { return asks_; }
  // See VuFaults. Does nothing outside of iterations, which have limits of their own.
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
  // See VuFaults.
  ScriptFailure FailureOf(v8::TryCatch& caught) {
    return faults_.FailureOf(world_->context(), caught, interrupted());
  }

  // ---- ApiVu ----
  bool in_init() const override { return in_init_; }
  const RunOptions& options() const override { return run_.config.options; }
  const SystemTags& system_tags() const override { return run_.system_tags; }
  Logger& logger() override { return run_.logger; }
  void WarnOnce(const std::string& message) override;
  std::string SourcePlace(const std::string& place) override;
  EventLoop& loop() override { return worker_.loop(); }
  SampleSink& sink() override { return worker_.sink(); }
  const TagSet& tags() const override { return samples_.tags(); }
  void set_tags(TagSet tags) override { samples_.SetTags(std::move(tags)); }
  const std::string& group() const override { return samples_.group(); }
  void SetGroup(std::string path) override { samples_.SetGroup(std::move(path)); }
  void CountBytes(int64_t sent, int64_t received) override { samples_.CountBytes(sent, received); }
  bool Park(absl::FunctionRef<void(Task wake)> start) override;
  absl::AnyInvocable<void(Task task)> Expect() override { return events_.Expect(); }
  std::optional<ScenarioFacts> scenario() const override;
  InstanceFacts instance() const override {
    return InstanceFactsOf(run_, worker_.loop().clock().Mono());
  }
  VuFacts vu() const override;
  std::string options_json() const override { return run_.config.options_json; }
  void AbortTest(std::string message) override;
  void FailTest() override { asks_.FailTest(); }
  std::optional<absl::Duration> TakeLateness() override { return samples_.TakeLateness(); }
  const SegmentTuple& segment() const override { return run_.config.segment; }
  bool work_moves() const override { return run_.config.work_moves; }
  void LeaseRows(const std::string& name, RowDealer& dealer) override {
    asks_.LeaseRows(name, dealer);
  }
  void GetSecret(std::string url,
                 absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    asks_.GetSecret(std::move(url), std::move(done));
  }
  HttpClient& http() override { return worker_.loop(); }
  ConnectionPool& connections() override { return *connections_; }
  GrpcEngine& grpc() override { return worker_.grpc(); }

  // ---- WorldSite ----
  ApiVu& api() override { return *this; }
  SharedArrayStore& shared_arrays() override { return *run_.shared_arrays; }
  RowStore& rows() override { return *run_.rows; }
  FileStore& shared_files() override { return *run_.shared_files; }
  StreamClient& streams() override { return worker_.loop(); }
  DnsClient& dns() override { return worker_.loop().dns(); }
  PingClient& pings() override { return worker_.loop(); }
  MqttEnv& mqtt() override { return worker_.mqtt(); }
  SchemaStore& proto_schemas() override { return *run_.proto_schemas; }
  SourceStore& sources() override { return *run_.sources; }
  const std::map<std::string, std::string>& env() const override { return run_.config.env; }
  bool base_mode() const override { return run_.bundle.base_mode; }
  Logger& console() override { return run_.logger; }
  absl::StatusOr<std::string> LoadFile(const std::string& url) override {
    return asks_.LoadFile(url, *this);
  }
  bool WaitFor(v8::Local<v8::Promise> promise) override;

 private:
  struct QueuedJob {
    uint64_t epoch;
    Job job;
    bool begun = false;
  };

  // Where a call of the script ended.
  enum class CallEnd {
    kInFunction,  // it threw, or was interrupted
    kInEvents,    // likewise, in what it had started
    kWell,        // nothing is left to wait for
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
  // Runs microtasks and events until `until`, or until nothing is expected any more that could
  // settle `awaited`, if that is a promise. False: interrupted, or an event threw, which is left to
  // the caller's TryCatch.
  bool RunEvents(v8::Local<v8::Value> awaited, absl::FunctionRef<bool()> until);
  // Calls the script by `function`, which tells what was returned, and is false if that threw; and
  // waits for what it starts, but not once a promise that was returned is rejected: that is an
  // exception, too. `after` hears how it ended, with what was thrown. Then drops whatever is left
  // of it.
  using Function = absl::FunctionRef<bool(v8::Local<v8::Value>* returned)>;
  void Call(Function function, absl::FunctionRef<void(CallEnd end, v8::TryCatch& caught)> after);
  // The same, where a fault is one of the run.
  std::optional<ScriptFailure> CallOnce(Function function);
  // The exported `function`, with one argument.
  bool CallFunction(v8::Local<v8::Function> function, v8::Local<v8::Value> argument,
                    v8::Local<v8::Value>* result);
  void DropEvents();
  bool quitting() const { return wanted_epoch_.load(std::memory_order_relaxed) == kEveryEpoch; }

  void Enter(size_t scenario);
  // The one that `iteration_` is.
  IterationEnd RunIteration();
  void FinishIteration(MonoTime began, absl::Duration duration);

  Worker& worker_;
  RunShared& run_;
  const VuKey key_;
  const Ids ids_;
  VuSamples samples_;
  VuEvents events_;
  VuFaults faults_;
  ConductorAsks asks_;
  ScriptIsolate& script_isolate_;
  std::unique_ptr<ConnectionPool> connections_;
  std::unique_ptr<LentFibre> fibre_;  // null: nothing is going on
  std::unique_ptr<World> world_;      // made with the first job, and ended inside
  bool done_ = false;

  std::list<QueuedJob> jobs_;
  uint64_t epoch_ = 0;  // of the running job
  std::atomic<uint64_t> wanted_epoch_{0};
  bool queued_ = false;
  bool in_init_ = true;
  const char* waits_at_ = nullptr;  // the end of its stack, while it is switched out
  bool parked_ = false;             // since the present iteration began

  std::optional<size_t> scenario_;  // of the running activation
  std::optional<size_t> entered_;   // whose tags, variables and function are set
  v8::Global<v8::Function> function_;
  v8::Global<v8::Value> setup_value_;
  Iteration iteration_;
  int64_t iterations_ = 0;  // begun by this VU
  std::map<size_t, int64_t> iterations_in_scenario_;
};

}  // namespace lockstep::agent
