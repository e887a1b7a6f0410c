// Executors with VUs on real threads: what crosses threads must be counted once and race with
// nothing (run under tsan).
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "agent/exec/scenario_engine.h"
#include "common/base/epoll_loop.h"
#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::agent {
namespace {

// A worker with one VU whose iterations end at once.
class ThreadVu final : public Vu {
 public:
  ThreadVu(EpollLoop& conductor, int64_t id)
      : conductor_(conductor), id_(id), thread_([this] { Work(); }) {}
  ~ThreadVu() override {
    {
      MutexLock lock(mutex_);
      quit_ = true;
    }
    changed_.NotifyOne();
    thread_.join();
  }

  int64_t id_in_instance() const override { return id_; }
  int64_t id_in_test() const override { return id_; }
  void Activate(Activation activation) override {
    interrupted_ = false;
    {
      MutexLock lock(mutex_);
      next_ = std::move(activation);
      has_next_ = true;
    }
    changed_.NotifyOne();
  }
  void Interrupt() override { interrupted_ = true; }

 private:
  void Work() {
    for (;;) {
      Activation activation;
      {
        MutexLock lock(mutex_);
        while (!has_next_ && !quit_) {
          changed_.Wait(mutex_);
        }
        if (!has_next_) {
          return;
        }
        activation = std::move(next_);
        has_next_ = false;
      }
      Iteration iteration;
      while (!interrupted_ && activation.source->Next(conductor_.clock().Mono(), &iteration)) {
        activation.source->Ended(iteration, IterationEnd::kFull);
      }
      conductor_.Post(std::move(activation.on_idle));
    }
  }

  EpollLoop& conductor_;
  const int64_t id_;
  std::atomic<bool> interrupted_ = false;
  Mutex mutex_;
  CondVar changed_;
  Activation next_ ABSL_GUARDED_BY(mutex_);
  bool has_next_ ABSL_GUARDED_BY(mutex_) = false;
  bool quit_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class ThreadPool final : public VuPool {
 public:
  ThreadPool(EpollLoop& loop, int64_t vus) : loop_(loop) {
    for (int64_t i = 0; i < vus; ++i) {
      Add();
      free_.push_back(vus_.back().get());
    }
  }
  Vu* Take() override {
    if (free_.empty()) {
      return nullptr;
    }
    Vu* vu = free_.front();
    free_.pop_front();
    return vu;
  }
  void Give(Vu* vu) override { free_.push_back(vu); }
  void InitialiseOne(absl::AnyInvocable<void(Vu*)> done) override {
    Add();
    loop_.Post([vu = vus_.back().get(), done = std::move(done)]() mutable { done(vu); });
  }
  int64_t initialised() const override { return static_cast<int64_t>(vus_.size()); }

 private:
  void Add() { vus_.push_back(std::make_unique<ThreadVu>(loop_, initialised() + 1)); }
  EpollLoop& loop_;
  std::vector<std::unique_ptr<ThreadVu>> vus_;
  std::deque<Vu*> free_;
};

class ThreadsTest : public ::testing::Test, public EngineEvents {
 protected:
  void OnDropped(size_t, int64_t count, int64_t) override { dropped += count; }
  void OnScenarioEnded(size_t, v1::ScenarioProgress::State) override {}
  void OnDone() override { loop.Stop(); }

  ScenarioSnapshot Play(ExecutorConfig executor, int64_t vus) {
    ScenarioConfig scenario;
    scenario.name = "s";
    scenario.graceful_stop = absl::Minutes(1);
    scenario.executor = std::move(executor);
    ThreadPool pool(loop, vus);
    NullLogger logger;
    ScenarioEngine engine({{scenario}, *PlanInstance({scenario}, SegmentTuple()), SegmentTuple()},
                          loop, pool, logger, *this);
    engine.Start(loop.clock().Mono());
    loop.Run();
    return engine.Snapshot().scenarios.at(0);
  }

  EpollLoop loop;
  int64_t dropped = 0;
};

TEST_F(ThreadsTest, SharedIterationsAreTakenExactlyOnce) {
  const ScenarioSnapshot snapshot = Play(SharedIterationsConfig{8, 200'000}, 8);
  EXPECT_EQ(snapshot.iterations_full, 200'000);
  EXPECT_EQ(snapshot.iterations_started, 200'000);
  EXPECT_EQ(dropped, 0);
}

TEST_F(ThreadsTest, PerVuIterationsAreComplete) {
  EXPECT_EQ(Play(PerVuIterationsConfig{8, 5'000}, 8).iterations_full, 40'000);
}

TEST_F(ThreadsTest, EveryArrivalIsRunOrDropped) {
  const ScenarioSnapshot snapshot =
      Play(ConstantArrivalRateConfig{5'000, absl::Seconds(1), absl::Milliseconds(200), 2, 4}, 2);
  EXPECT_EQ(snapshot.iterations_full + dropped, 1'000);
  EXPECT_EQ(snapshot.iterations_dropped, dropped);
}

TEST_F(ThreadsTest, RampingVusComeToAnEnd) {
  const ScenarioSnapshot snapshot =
      Play(RampingVusConfig{0, {{absl::Milliseconds(100), 4}, {absl::Milliseconds(100), 0}}}, 4);
  EXPECT_EQ(snapshot.state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(snapshot.iterations_full, snapshot.iterations_started);
}

}  // namespace
}  // namespace lockstep::agent
