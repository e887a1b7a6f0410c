// A thread that hosts VUs: one loop with the network, a few isolates, one accumulator, and the
// queue of VUs that can go on. Shares nothing with other workers; what crosses threads is a task
// posted to the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "agent/grpc/engine.h"
#include "agent/health/thread_wait.h"
#include "agent/js/engine.h"
#include "agent/js/script_isolate.h"
#include "agent/mqtt/client.h"
#include "agent/net/multi_loop.h"
#include "agent/report/accumulator.h"
#include "agent/vu/run_shared.h"

namespace lockstep::agent {

class ScriptVu;

// Unique among a worker's VUs, and never used again.
enum class VuKey : uint64_t {};

class Worker {
 public:
  // Starts the thread. `engine`, `network` and `run` outlive the worker. Its first VUs share
  // `isolate`, if that is not null.
  Worker(const ScriptEngine& engine, Network& network, RunShared& run,
         Accumulator::Config accumulator, std::unique_ptr<ScriptIsolate> isolate);
  // BeginStop, if it has not been called, then joins the thread. Not on the worker's thread.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Interrupts whatever runs now or starts later, and ends all VUs; returns at once. Not on the
  // worker's thread.
  void BeginStop();
  // BeginStop, then joins the thread; returns the first isolate, or null if there is none that can
  // host more. Once, not on the worker's thread.
  std::unique_ptr<ScriptIsolate> StopAndLeaveIsolate();
  // The init code of this many VUs is running here or is about to. Conductor's loop.
  int64_t& initialising() { return initialising_; }
  // Runs `task` on the worker's thread. Any thread.
  void Post(EventLoop::Task task) { loop_.Post(std::move(task)); }
  // A key for a VU that is to be made here. Any thread.
  VuKey NewKey() { return VuKey{next_key_.fetch_add(1)}; }
  // Makes the VU `key` stop what it is doing, if that is still its activation `epoch`. Any thread;
  // also while the worker is stuck in a script.
  void Interrupt(VuKey key, uint64_t epoch);
  // Call it now and then: interrupts an iteration whose script has kept the thread for `limit`
  // without waiting, and has used the processor for a quarter of that at least: a process that is
  // stopped, or has no processor to run on, is in no endless loop. Conductor's loop.
  void Watch(absl::Duration limit);

  // ---- the worker's thread only ----
  MultiLoop& loop() { return loop_; }
  Accumulator& sink() { return accumulator_; }
  // Made when it is first asked for: most scripts use no gRPC.
  GrpcEngine& grpc();
  MqttEnv& mqtt() { return mqtt_; }
  RunShared& run() { return run_; }
  const ScriptEngine& engine() const { return engine_; }

  ScriptVu* Find(VuKey key);
  void Adopt(VuKey key, std::unique_ptr<ScriptVu> vu);
  // Ends the VU and frees it.
  void Remove(VuKey key);
  // Whether it is this VU's turn: what is called at another time is called by V8 itself.
  bool HasTurn(const ScriptVu& vu) const { return current_ == &vu; }
  // Lets the VU go on in the ready stage of this turn or the next.
  void MakeReady(VuKey key);
  // Notes how late this turn comes for what has been due since the last time.
  void NoteLag();
  // An isolate with room for another VU.
  ScriptIsolate& IsolateForNewVu();

 private:
  // Ends what the script that runs in `isolate` does, if it is the one that was meant.
  void OnInterrupt(const ScriptIsolate& isolate);
  void ResumeReady();
  void Resume(ScriptVu& vu);
  void EndAll();
  // What its isolates have to say reaches the run.
  ScriptIsolate::Events EventsOf(const ScriptIsolate& isolate);
  // Lets V8 finish what its helpers have begun, now and then.
  void PumpIsolates();
  // Does NoteLag again and again.
  void Probe();

  const ScriptEngine& engine_;
  RunShared& run_;
  Network& network_;
  MultiLoop loop_;
  MqttEnv mqtt_{loop_, network_};
  Accumulator accumulator_;
  std::atomic<uint64_t> next_key_{1};

  int64_t initialising_ = 0;  // conductor's loop

  // The VUs' turns: counts up when one begins and when it ends, so that it is odd within.
  std::atomic<uint64_t> turn_{0};
  std::atomic<ScriptIsolate*> turn_isolate_{nullptr};
  std::atomic<clockid_t> turn_clock_{};    // of the thread that runs the script
  std::atomic<uint64_t> blocked_turn_{0};  // that Watch has found to last too long
  std::atomic<int64_t> block_limit_ns_{0};
  // Of Watch: the turn that it saw, and what the thread had used then.
  uint64_t watched_turn_ = 0;
  absl::Duration watched_from_;

  // Worker's thread.
  std::vector<std::unique_ptr<ScriptIsolate>> isolates_;
  std::unique_ptr<ScriptIsolate> spare_;  // for the first VUs; at the end, what is left behind
  std::atomic<bool> leaves_isolate_{false};
  size_t vus_made_ = 0;
  std::unique_ptr<GrpcEngine> grpc_;
  std::optional<ThreadWait> wait_;
  MonoTime probe_due_;
  absl::Duration used_;  // of the processor by this thread, at the last probe
  absl::flat_hash_map<VuKey, std::unique_ptr<ScriptVu>> vus_;
  std::deque<ScriptVu*> ready_;
  ScriptVu* current_ = nullptr;  // whose fibre runs now

  // What Interrupt needs of a VU from other threads.
  struct Interruptible {
    ScriptIsolate* isolate = nullptr;
    std::atomic<uint64_t>* wanted_epoch = nullptr;
  };
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<VuKey, Interruptible> interruptibles_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace lockstep::agent
