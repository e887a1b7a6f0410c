// The virtual user as the executors see it: something that can be set to work on a scenario, and
// that reports when it has stopped. Implemented by agent/vu with V8, and by a fake in tests. This
// header knows neither V8 nor curl.
//
// Who has a VU is a matter of types. A pool lends a VU as a LentVu, which only one can have, and
// which gives it back when it goes, whatever the VU is doing. A VU shares what it iterates from
// (IterationSource) with whoever has it, so that neither has to wait for the other. When the pool
// is over, LentVus do nothing any more, and nobody is called back. So executors, their VUs and the
// run that these are from may go in any order.
//
// Threads: pools, LentVus and executors live on the conductor's loop. A VU lives on one worker, on
// whose thread it calls its IterationSource.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"

namespace lockstep::agent {

class VuPool;

// One iteration to run. Numbers count from 0 within the scenario.
struct Iteration {
  int64_t in_instance = 0;  // among this agent's
  int64_t in_test = 0;      // among the whole test's
  // When the schedule wanted it to start; MonoTime() for executors without a schedule.
  MonoTime intended;
};

enum class IterationEnd {
  kFull,         // the function returned, threw, or aborted the test
  kInterrupted,  // stopped before its end; emits no iteration metrics
};

// Where an activated VU gets its work. Borrows nothing that could go before it: the VU may be the
// last one to have it.
class IterationSource {
 public:
  virtual ~IterationSource() = default;
  // Fills `iteration` and returns true, or returns false: the VU then becomes idle. Called on the
  // VU's worker, before each iteration; several VUs may share a source, so it must be thread-safe
  // if they do.
  virtual bool Next(MonoTime now, Iteration* iteration) = 0;
  // After each iteration, on the VU's worker.
  virtual void Ended(const Iteration& iteration, IterationEnd end) = 0;
};

// The conductor's end of a VU, which its pool has. Implementations outlive whatever they post to
// the conductor's loop.
class Vu {
 public:
  virtual ~Vu() = default;
  Vu(const Vu&) = delete;
  Vu& operator=(const Vu&) = delete;

 protected:
  Vu() = default;

  // Takes iterations from source(), from `not_before` on; then BecameIdle follows, in a task of its
  // own.
  virtual void Start(MonoTime not_before) = 0;
  // See LentVu. The VU is at work, or on its way to or from it.
  virtual void Interrupt() = 0;
  virtual int64_t id_in_instance() const = 0;
  virtual int64_t id_in_test() const = 0;
  virtual bool prompt() const { return true; }

  // To be called once for each Start, on the conductor's loop, when the VU has nothing more to run.
  void BecameIdle();
  // Constant between Start and BecameIdle, and until then for the worker to use.
  size_t scenario() const { return scenario_; }
  IterationSource& source() const { return *source_; }

 private:
  friend class LentVu;
  friend class VuPool;

  VuPool* pool_ = nullptr;
  bool lent_ = false;
  bool at_work_ = false;
  size_t scenario_ = 0;
  std::shared_ptr<IterationSource> source_;
  absl::AnyInvocable<void()> on_idle_;  // while it is lent and at work
};

// A VU that somebody has, or nothing. Conductor's loop only.
class LentVu {
 public:
  LentVu() = default;
  LentVu(LentVu&& other) noexcept
      : pool_(std::move(other.pool_)), vu_(std::exchange(other.vu_, nullptr)) {}
  LentVu& operator=(LentVu&& other) noexcept;
  ~LentVu() { GiveBack(); }

  // There is one, be its pool over or not.
  explicit operator bool() const { return vu_ != nullptr; }
  // What it runs whenever it is activated: an index into the run's scenarios, and where it gets its
  // iterations. While it is idle.
  void WorkOn(size_t scenario, std::shared_ptr<IterationSource> source);
  // Starts taking iterations; `on_idle` is called once, when it has nothing more to run. It must be
  // idle, and know what to work on. The VU asks its source once `not_before` has come, by its
  // worker's own timer: work that is handed over ahead of its time starts on the dot, whatever the
  // conductor is doing then. In the past: at once.
  void Activate(absl::AnyInvocable<void()> on_idle, MonoTime not_before = MonoTime());
  // Interrupts the running iteration, if there is one, wherever its script is; the source is then
  // asked no more and `on_idle` follows. Harmless on an idle VU.
  void Interrupt();
  // Afterwards there is nothing here. A VU at work is interrupted, and free for others once it has
  // stopped; `on_idle` is not called.
  void GiveBack();

  // Of one whose pool is over, they tell nothing: 0, 0 and true.
  int64_t id_in_instance() const;  // from 1
  int64_t id_in_test() const;      // from 1, unique over all agents
  // False while work given to it would have to wait, because its worker runs another VU's init
  // code.
  bool prompt() const;

 private:
  friend class VuPool;
  LentVu(std::shared_ptr<VuPool*> pool, Vu& vu) : pool_(std::move(pool)), vu_(&vu) {}
  bool over() const { return vu_ == nullptr || *pool_ == nullptr; }

  std::shared_ptr<VuPool*> pool_;  // to null once that is over
  Vu* vu_ = nullptr;
};

// The agent's VUs in one run. Conductor's loop only.
class VuPool {
 public:
  using Receiver = absl::AnyInvocable<void(LentVu)>;

  virtual ~VuPool() { Close(); }
  VuPool(const VuPool&) = delete;
  VuPool& operator=(const VuPool&) = delete;

  // An initialised VU that nobody has, or nothing.
  LentVu Take();
  // Calls `receiver` with a free VU, at once if there is one, else when one is given back; first
  // come, first served.
  void Request(Receiver receiver);
  // Initialises one more VU in the background, and calls `done` with it, or with nothing if its
  // init code failed.
  virtual void InitialiseOne(Receiver done) = 0;
  // VUs initialised so far.
  virtual int64_t initialised() const = 0;
  // VUs that nobody has.
  int64_t free() const { return static_cast<int64_t>(free_.size()); }
  // Points to this, and to null once it is over.
  std::shared_ptr<VuPool* const> here() const { return here_; }

 protected:
  VuPool() = default;
  // A VU that has just been initialised; it lives as long as this.
  void Add(Vu& vu);
  LentVu AddLent(Vu& vu);
  // It is over: from now on it calls nobody back, and its LentVus do nothing. For good.
  void Close();
  bool closed() const { return *here_ == nullptr; }

 private:
  friend class LentVu;
  friend class Vu;
  void TakeBack(Vu& vu);
  // Gives the idle VU to whoever has waited longest, or keeps it.
  void Pass(Vu& vu);
  LentVu Lend(Vu& vu);

  std::deque<Vu*> free_;
  std::deque<Receiver> waiting_;  // empty whenever a VU is free
  std::deque<Vu*> passing_;       // on their way to somebody
  bool passes_ = false;
  std::shared_ptr<VuPool*> here_ = std::make_shared<VuPool*>(this);
};

// What a run's executors use of its pool. What they have asked for goes with this, and they may ask
// on when the pool is over. Conductor's loop only.
class VuRequests {
 public:
  explicit VuRequests(VuPool& pool) : pool_(pool.here()) {}
  VuRequests(const VuRequests&) = delete;
  VuRequests& operator=(const VuRequests&) = delete;

  // See VuPool.
  void Request(VuPool::Receiver receiver);
  void InitialiseOne(VuPool::Receiver done);
  int64_t initialised() const { return *pool_ == nullptr ? 0 : (*pool_)->initialised(); }

 private:
  // Calls `receiver` only while this is here.
  VuPool::Receiver WhileHere(VuPool::Receiver receiver) const;

  const std::shared_ptr<VuPool* const> pool_;
  const std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace lockstep::agent
