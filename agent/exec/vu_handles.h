// A row of VU handles of which the first n are wanted, where n goes up and down: the core of
// ramping-vus and of all executors whose VUs come and go.
//
// A handle is wanted or not, and has a VU or not:
//   not wanted, no VU   at rest
//   wanted, no VU       has asked for one
//   wanted, VU          iterating; if its VU becomes idle for any reason but the end, it is set to
//                       work again, once there is an iteration
//   not wanted, VU      ramping down: no new iteration; interrupted at its deadline; gives its VU
//                       back when idle. Wanted again before that, it simply goes on
// Conductor's loop only, except for the handles' sources.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "agent/exec/executor.h"
#include "agent/exec/looping_executor.h"

namespace lockstep::agent {

class VuHandles {
 public:
  // `context` is borrowed. `gate` must be open before anything is wanted.
  VuHandles(ExecutorContext& context, std::shared_ptr<IterationGate> gate)
      : context_(context), gate_(std::move(gate)) {}
  ~VuHandles();
  VuHandles(const VuHandles&) = delete;
  VuHandles& operator=(const VuHandles&) = delete;

  // Wants the first `count` handles. Those that are no longer wanted have until `deadline` to end
  // their iterations; deadlines that have passed interrupt at once.
  void Want(int64_t count, MonoTime deadline);
  // There are iterations again: sets wanted handles to work whose VUs have found none.
  void Wake();
  // Wanted handles start no iterations, without a deadline, or do so again.
  void SetPaused(bool paused);
  // Nothing begins any more, though wanted handles may finish their iterations. Final.
  void End();
  void Interrupt();
  // VUs held.
  int64_t held() const { return held_; }

 private:
  // What the VU of one handle asks.
  class Source final : public IterationSource {
   public:
    explicit Source(std::shared_ptr<IterationGate> gate) : gate_(std::move(gate)) {}
    bool Next(MonoTime now, Iteration* iteration) override {
      return open_.load(std::memory_order_relaxed) && gate_->Enter(now, iteration);
    }
    void Ended(const Iteration&, IterationEnd end) override { gate_->Leave(end); }
    // Whether iterations may begin.
    void SetOpen(bool open) { open_.store(open, std::memory_order_relaxed); }

   private:
    const std::shared_ptr<IterationGate> gate_;
    std::atomic<bool> open_ = false;
  };
  struct Handle {
    std::shared_ptr<Source> source;
    bool wanted = false;
    bool asked = false;      // for a VU
    bool iterating = false;  // its VU is activated
    LentVu vu = {};
    TimerId deadline = TimerId::kNone;
  };

  void Raise(Handle& handle);
  void Lower(Handle& handle, MonoTime deadline);
  void Receive(Handle& handle, LentVu vu);
  void Activate(Handle& handle);
  void OnIdle(Handle& handle);
  void Release(Handle& handle);
  MonoTime now() const { return context_.loop.clock().Mono(); }

  ExecutorContext& context_;
  const std::shared_ptr<IterationGate> gate_;
  std::vector<std::unique_ptr<Handle>> handles_;
  int64_t wanted_ = 0;
  int64_t held_ = 0;
  bool paused_ = false;
  bool ended_ = false;
};

}  // namespace lockstep::agent
