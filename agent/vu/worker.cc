#include "agent/vu/worker.h"

#include <algorithm>
#include <utility>

#include <time.h>

#include "agent/vu/own_arena.h"
#include "agent/vu/script_vu.h"
#include "common/base/check.h"
#include "common/base/prefetch.h"
#include "common/base/steady_thread.h"
#include "common/health/lag.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kPumpEvery = absl::Milliseconds(500);
// How often the loop's punctuality is looked at.
constexpr absl::Duration kProbeEvery = absl::Milliseconds(10);

absl::Duration UsedByThisThread() {
  timespec time = {};
  return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 ? absl::DurationFromTimespec(time)
                                                            : absl::ZeroDuration();
}

}  // namespace

Worker::Worker(const ScriptEngine& engine, Network& network, RunShared& run,
               Accumulator::Config accumulator, std::unique_ptr<ScriptIsolate> isolate)
    : engine_(engine),
      run_(run),
      network_(network),
      loop_(network),
      accumulator_(std::move(accumulator)),
      spare_(std::move(isolate)) {
  loop_.SetReadyStage([this] { ResumeReady(); });
  Post([this] {
    PumpIsolates();
    wait_.emplace();
    probe_due_ = loop_.clock().Mono();
    Probe();
  });
  thread_ = std::thread([this] {
    const OwnArena arena;
    SteadyThisThread();
    loop_.Run();
  });
}

Worker::~Worker() {
  BeginStop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::unique_ptr<ScriptIsolate> Worker::StopAndLeaveIsolate() {
  leaves_isolate_ = true;
  BeginStop();
  thread_.join();
  return std::move(spare_);
}

void Worker::BeginStop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) {
      return;
    }
    for (const auto& [key, vu] : interruptibles_) {
      vu.wanted_epoch->store(ScriptVu::kEveryEpoch);
      vu.isolate->Interrupt();
    }
  }
  Post([this] {
    EndAll();
    loop_.Stop();
  });
}

void Worker::PumpIsolates() {
  for (const std::unique_ptr<ScriptIsolate>& isolate : isolates_) {
    isolate->PumpPlatformTasks();
  }
  loop_.After(kPumpEvery, [this] { PumpIsolates(); });
}

void Worker::NoteLag() {
  const MonoTime now = loop_.clock().Mono();
  const absl::Duration used = UsedByThisThread();
  const absl::Duration computed = used - std::exchange(used_, used);
  const absl::Duration delay = now - probe_due_;
  if (delay >= kLongDelay) {
    // What is computed between two turns of the scheduler keeps nobody waiting on an idle machine.
    run_.health.Held(delay,
                     computed < kLongDelay ? absl::ZeroDuration() : std::min(computed, delay));
  }
  // Probes that were due while the loop was held up count as well: whatever event had come then
  // would have waited likewise.
  for (; probe_due_ <= now; probe_due_ = probe_due_ + kProbeEvery) {
    run_.health.LoopLag(now - probe_due_);
  }
  run_.health.Waited(wait_->Take());
}

void Worker::Probe() {
  NoteLag();
  loop_.At(probe_due_, [this] { Probe(); });
}

void Worker::Interrupt(VuKey key, uint64_t epoch) {
  {
    MutexLock lock(mutex_);
    const auto found = interruptibles_.find(key);
    if (found == interruptibles_.end()) {
      return;
    }
    found->second.wanted_epoch->store(epoch);
    // Reaches a script that is running; one that waits is woken up below.
    found->second.isolate->Interrupt();
  }
  Post([this, key] { MakeReady(key); });
}

void Worker::OnInterrupt(const ScriptIsolate& isolate) {
  ScriptVu* vu = current_;
  if (vu == nullptr || &vu->script_isolate() != &isolate) {
    return;
  }
  if (vu->interrupted()) {
    isolate.get()->TerminateExecution();
  }
  if (turn_ == blocked_turn_) {
    vu->InterruptBlock(absl::Nanoseconds(block_limit_ns_.load()));
  }
}

void Worker::Watch(absl::Duration limit) {
  const uint64_t turn = turn_.load();
  timespec time = {};
  if (turn % 2 != 0 && clock_gettime(turn_clock_, &time) != 0) {
    return;  // that VU is gone
  }
  const absl::Duration used = absl::DurationFromTimespec(time);
  if (turn % 2 == 0 || turn != watched_turn_) {
    watched_turn_ = turn;
    watched_from_ = used;
    return;
  }
  // What the thread has used, and not the time that has passed: on a machine with more to do than
  // it can, every script takes long.
  if (used - watched_from_ < limit) {
    return;
  }
  watched_from_ = used;
  blocked_turn_ = turn;
  block_limit_ns_ = absl::ToInt64Nanoseconds(limit);
  MutexLock lock(mutex_);
  if (!stopping_) {  // and so the isolate is there
    turn_isolate_.load()->Interrupt();
  }
}

ScriptVu* Worker::Find(VuKey key) {
  const auto found = vus_.find(key);
  return found == vus_.end() ? nullptr : found->second.get();
}

void Worker::Adopt(VuKey key, std::unique_ptr<ScriptVu> vu) {
  {
    MutexLock lock(mutex_);
    interruptibles_[key] = {.isolate = &vu->script_isolate(), .wanted_epoch = &vu->wanted_epoch()};
    if (stopping_) {
      vu->Quit();
    }
  }
  vus_[key] = std::move(vu);
}

void Worker::Remove(VuKey key) {
  LOCKSTEP_CHECK(current_ == nullptr);  // so that ResumeReady's queue is not being gone through
  ScriptVu* vu = Find(key);
  if (vu == nullptr) {
    return;
  }
  {
    MutexLock lock(mutex_);
    interruptibles_.erase(key);
  }
  vu->Quit();
  while (!vu->done()) {
    Resume(*vu);
  }
  if (!vu->ClaimQueueSlot()) {
    ready_.erase(std::find(ready_.begin(), ready_.end(), vu));
  }
  vus_.erase(key);
}

void Worker::EndAll() {
  while (!vus_.empty()) {
    Remove(vus_.begin()->first);
  }
  ready_.clear();
  spare_.reset();
  if (leaves_isolate_ && !isolates_.empty() && !isolates_.front()->out_of_memory()) {
    spare_ = std::move(isolates_.front());
    spare_->LeaveThread();
  }
  isolates_.clear();
  grpc_.reset();
}

GrpcEngine& Worker::grpc() {
  if (grpc_ == nullptr) {
    grpc_ = std::make_unique<GrpcEngine>(loop_, network_);
  }
  return *grpc_;
}

void Worker::MakeReady(VuKey key) {
  ScriptVu* vu = Find(key);
  if (vu != nullptr && vu->ClaimQueueSlot()) {
    ready_.push_back(vu);
    loop_.WakeSoon();
  }
}

ScriptIsolate::Events Worker::EventsOf(const ScriptIsolate& isolate) {
  return {
      .on_out_of_memory =
          [this] {
            run_.conductor.Post([this] {
              run_.on_broken(
                  "out of memory: the script has used up the memory that its VUs share; use less "
                  "memory in each VU, share data with SharedArray, or spread the VUs over more "
                  "agents");
            });
          },
      .on_collected = [this](absl::Duration pause) { run_.health.Collected(pause); },
      .on_interrupt = [this, &isolate] { OnInterrupt(isolate); }};
}

ScriptIsolate& Worker::IsolateForNewVu() {
  if (vus_made_++ % ScriptEngine::kVusPerIsolate == 0) {
    isolates_.push_back(spare_ != nullptr ? std::move(spare_)
                                          : std::make_unique<ScriptIsolate>(engine_));
    isolates_.back()->SetEvents(EventsOf(*isolates_.back()));
  }
  return *isolates_.back();
}

void Worker::ResumeReady() {
  // Those that become ready meanwhile wait for the next turn, so that the network is served in
  // between.
  for (size_t count = ready_.size(); count > 0; --count) {
    ScriptVu& vu = *ready_.front();
    ready_.pop_front();
    // By the time that they have their turns, what they need first has come from the memory.
    if (ready_.size() > 1) {
      Prefetch(*ready_[1]);
      ready_[0]->PrefetchParts();
    }
    vu.LeaveQueue();
    Resume(vu);
  }
  if (!ready_.empty()) {
    loop_.WakeSoon();
  }
}

void Worker::Resume(ScriptVu& vu) {
  if (!vu.TakeFibre()) {
    return;
  }
  current_ = &vu;
  turn_isolate_.store(&vu.script_isolate(), std::memory_order_relaxed);
  turn_clock_.store(vu.cpu_clock(), std::memory_order_relaxed);
  turn_.fetch_add(1, std::memory_order_release);
  vu.Resume();
  turn_.fetch_add(1, std::memory_order_release);
  current_ = nullptr;
}

}  // namespace lockstep::agent
