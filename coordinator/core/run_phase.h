// The state that a run is in: since when, and until when at most. Loop-bound.
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "lockstep/v1/status.pb.h"

#include "common/base/timer.h"

namespace lockstep::coordinator {

using RunState = v1::RunStatus::State;

class RunPhase {
 public:
  // `loop` is borrowed and outlives this. `on_limit` is called when a state has lasted as long as
  // it may.
  RunPhase(EventLoop& loop, absl::AnyInvocable<void()> on_limit)
      : clock_(loop.clock()), on_limit_(std::move(on_limit)), timer_(loop) {}

  void Enter(RunState state, absl::Duration limit) {
    state_ = state;
    since_ = clock_.Mono();
    Limit(limit);
  }
  // The present state has so long from now on.
  void Limit(absl::Duration limit) {
    timer_.Cancel();
    limit_at_ = clock_.Mono() + limit;
    if (limit < absl::InfiniteDuration()) {
      timer_.At(limit_at_, [this] { on_limit_(); });
    }
  }
  // The present state began then, in another process.
  void BeganAt(MonoTime since) { since_ = since; }

  RunState state() const { return state_; }
  MonoTime since() const { return since_; }
  MonoTime limit_at() const { return limit_at_; }  // Infinite: none
  absl::Duration lasted() const { return clock_.Mono() - since_; }

 private:
  const Clock& clock_;
  absl::AnyInvocable<void()> on_limit_;
  Timer timer_;
  RunState state_ = v1::RunStatus::WAITING_FOR_AGENTS;
  MonoTime since_;
  MonoTime limit_at_ = MonoTime::Infinite();
};

}  // namespace lockstep::coordinator
