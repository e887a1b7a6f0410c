// The virtual user as the executors see it: something that can be set to work on a scenario, and that reports when it
// has stopped. Implemented by agent/vu with V8, and by a fake in tests. This header knows neither V8 nor curl.
//
// Threads: executors live on the conductor's loop. A VU lives on one worker. `Activate` and `Interrupt` are called on
// the conductor's loop and posted to the worker; an IterationSource is called by the VU on its worker's thread;
// `on_idle` runs on the conductor's loop.
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"

namespace lockstep::agent {

// One iteration to run. Numbers count from 0 within the scenario.
struct Iteration {
  int64_t in_instance = 0;  // among this agent's
  int64_t in_test = 0;      // among the whole test's
  // When the schedule wanted it to start; MonoTime() for executors without a schedule.
  MonoTime intended;
};

enum class IterationEnd {
  kFull,         // the function returned or threw
  kInterrupted,  // stopped before its end; emits no iteration metrics
};

// Where an activated VU gets its work. Owned by an executor, which outlives every activation that uses it.
class IterationSource {
 public:
  virtual ~IterationSource() = default;
  // Fills `iteration` and returns true, or returns false: the VU then becomes idle. Called on the VU's worker, before
  // each iteration; several VUs may share a source, so it must be thread-safe if they do.
  virtual bool Next(MonoTime now, Iteration* iteration) = 0;
  // After each iteration, on the VU's worker.
  virtual void Ended(const Iteration& iteration, IterationEnd end) = 0;
};

struct Activation {
  size_t scenario = 0;  // index into the run's scenarios
  IterationSource* source = nullptr;
  absl::AnyInvocable<void()> on_idle;  // once, when the VU has nothing more to run
  // The VU asks its source once this has come, by its worker's own timer: work that is handed over ahead of its time
  // starts on the dot, whatever the conductor is doing then. In the past: at once.
  MonoTime not_before = MonoTime();
};

// Borrowed from a VuPool. All methods on the conductor's loop.
class Vu {
 public:
  virtual ~Vu() = default;
  virtual int64_t id_in_instance() const = 0;  // from 1
  virtual int64_t id_in_test() const = 0;      // from 1, unique over all agents
  // False while work given to it would have to wait, because its worker runs another VU's init code.
  virtual bool prompt() const { return true; }
  // Starts taking iterations from `activation.source`. The VU must be idle.
  virtual void Activate(Activation activation) = 0;
  // Interrupts the running iteration, if there is one, wherever its script is; the source is then asked no more and
  // `on_idle` follows. Harmless on an idle VU.
  virtual void Interrupt() = 0;
};

// The agent's VUs. Conductor's loop only.
class VuPool {
 public:
  virtual ~VuPool() = default;
  // An initialised VU that nobody has, or null.
  virtual Vu* Take() = 0;
  // Hands an idle VU back.
  virtual void Give(Vu* vu) = 0;
  // Initialises one more VU in the background, and calls `done` with it taken, or with null if its init code failed.
  virtual void InitialiseOne(absl::AnyInvocable<void(Vu*)> done) = 0;
  // VUs initialised so far.
  virtual int64_t initialised() const = 0;
};

}  // namespace lockstep::agent
