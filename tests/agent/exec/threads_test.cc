// Executors with VUs on real threads: what crosses threads must be counted once and race with
// nothing (run under tsan).
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "agent/exec/scenario_engine.h"
#include "common/base/epoll_loop.h"
#include "common/base/log.h"
#include "common/base/sync.h"
#include "tests/support/turn_until.h"

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

 private:
  int64_t id_in_instance() const override { return id_; }
  int64_t id_in_test() const override { return id_; }
  void Start(MonoTime) override {
    interrupted_ = false;
    {
      MutexLock lock(mutex_);
      has_next_ = true;
    }
    changed_.NotifyOne();
  }
  void Interrupt() override { interrupted_ = true; }

  void Work() {
    for (;;) {
      {
        MutexLock lock(mutex_);
        while (!has_next_ && !quit_) {
          changed_.Wait(mutex_);
        }
        if (!has_next_) {
          return;
        }
        has_next_ = false;
      }
      Iteration iteration;
      while (!interrupted_ && source().Next(conductor_.clock().Mono(), &iteration)) {
        source().Ended(iteration, IterationEnd::kFull);
      }
      conductor_.Post([this] { BecameIdle(); });
    }
  }

  EpollLoop& conductor_;
  const int64_t id_;
  std::atomic<bool> interrupted_ = false;
  Mutex mutex_;
  CondVar changed_;
  bool has_next_ ABSL_GUARDED_BY(mutex_) = false;
  bool quit_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class ThreadPool final : public VuPool {
 public:
  ThreadPool(EpollLoop& loop, int64_t vus) : loop_(loop) {
    for (int64_t i = 0; i < vus; ++i) {
      Add(NewVu());
    }
  }
  void InitialiseOne(Receiver done) override {
    loop_.Post([this, &vu = NewVu(), done = std::move(done)]() mutable { done(AddLent(vu)); });
  }
  int64_t initialised() const override { return static_cast<int64_t>(vus_.size()); }

 private:
  ThreadVu& NewVu() {
    vus_.push_back(std::make_unique<ThreadVu>(loop_, initialised() + 1));
    return *vus_.back();
  }
  EpollLoop& loop_;
  std::vector<std::unique_ptr<ThreadVu>> vus_;
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

// Sessions that are lost: the next run's engine finds VUs that have work of one that has gone.
TEST_F(ThreadsTest, EnginesMayGoWhileTheirVusAreAtWork) {
  ThreadPool pool(loop, 4);
  NullLogger logger;
  const std::vector<ExecutorConfig> executors = {
      ConstantVusConfig{4, absl::Minutes(1)}, PerVuIterationsConfig{4, 1'000'000'000},
      SharedIterationsConfig{4, 1'000'000'000},
      ConstantArrivalRateConfig{20'000, absl::Seconds(1), absl::Minutes(1), 4, 4}};
  for (int round = 0; round < 100; ++round) {
    ScenarioConfig scenario;
    scenario.name = "s";
    scenario.executor = executors[static_cast<size_t>(round) % executors.size()];
    ScenarioEngine engine({{scenario}, *PlanInstance({scenario}, SegmentTuple()), SegmentTuple()},
                          loop, pool, logger, *this);
    engine.Start(loop.clock().Mono());
    lockstep::testing::TurnUntil(
        loop, [&engine] { return engine.Snapshot().scenarios[0].iterations_full > 10; });
  }
  lockstep::testing::TurnUntil(loop, [&pool] { return pool.free() == pool.initialised(); });
}

}  // namespace
}  // namespace lockstep::agent
