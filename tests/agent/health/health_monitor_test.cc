#include "agent/health/health_monitor.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "agent/health/thread_wait.h"
#include "tests/support/temp_folder.h"

namespace lockstep::agent {
namespace {

TEST(RunHealthTest, NothingIsNotedBeforeTheStartAndAfterTheStop) {
  RunHealth run;
  const auto note = [&run] {
    run.LoopLag(absl::Milliseconds(4));
    run.Waited(absl::Milliseconds(3));
    run.Held(absl::Milliseconds(40), absl::Milliseconds(30));
    run.Collected(absl::Milliseconds(2));
    run.SocketRefused();
  };
  note();
  run.Start();
  note();
  run.Collected(absl::Milliseconds(1));
  run.Stop();
  note();
  v1::Health health;
  run.Fill(&health);
  EXPECT_EQ(LagCount(health.loop_lag()), 1u);
  EXPECT_EQ(health.loop_lag().max_ns(), 4'000'000);
  EXPECT_DOUBLE_EQ(health.waited_s(), 0.003);
  EXPECT_DOUBLE_EQ(health.held_s(), 0.04);
  EXPECT_DOUBLE_EQ(health.computing_s(), 0.03);
  EXPECT_EQ(health.collections(), 2);
  EXPECT_DOUBLE_EQ(health.collecting_s(), 0.003);
  EXPECT_DOUBLE_EQ(health.longest_collection_s(), 0.002);
  EXPECT_EQ(health.sockets_refused(), 1);
}

TEST(RunHealthTest, ANewStartForgets) {
  RunHealth run;
  run.Start();
  run.SocketRefused();
  run.Start();
  v1::Health health;
  run.Fill(&health);
  EXPECT_EQ(health.sockets_refused(), 0);
}

TEST(HealthMonitorTest, IsEmptyBeforeTheRunAndFrozenAfterIt) {
  const SystemClock clock;
  RunHealth run;
  HealthMonitor monitor(clock, run, 2);
  EXPECT_EQ(monitor.Read().workers(), 0);
  monitor.Begin();
  EXPECT_EQ(monitor.Read().workers(), 2);
  EXPECT_GT(monitor.Read().cores(), 0);
  monitor.End();
  const v1::Health ended = monitor.Read();
  run.SocketRefused();
  EXPECT_EQ(monitor.Read().SerializeAsString(), ended.SerializeAsString());
  monitor.Begin();
  EXPECT_EQ(monitor.Read().sockets_refused(), 0);
}

// A machine of our own making, whose kernel counts what a test says.
class KernelFiguresTest : public ::testing::Test {
 protected:
  KernelFiguresTest() {
    Write("/proc/self/cgroup", "0::/job\n");
    Write("/sys/fs/cgroup/job/cpu.max", "20000 100000\n");
    Count(1, 4);
  }

  void Write(const std::string& path, const std::string& content) { folder_.Write(path, content); }
  // Seconds, in all.
  void Count(int throttled, int pressure) {
    Write("/sys/fs/cgroup/job/cpu.stat",
          "nr_throttled 3\nthrottled_usec " + std::to_string(throttled) + "000000\n");
    Write("/proc/pressure/cpu",
          "some avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(pressure) +
              "000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
  }

  const lockstep::testing::TempFolder folder_;
  const std::string& root_ = folder_.path();
  const SystemClock clock_;
  RunHealth run_;
};

TEST_F(KernelFiguresTest, AreTakenWithoutADescriptorToSpare) {
  HealthMonitor monitor(clock_, run_, 2, root_);
  monitor.Begin();
  Count(3, 9);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const v1::Health health = monitor.Read();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_DOUBLE_EQ(health.throttled_s(), 2);
  EXPECT_DOUBLE_EQ(health.pressure_s(), 5);
}

TEST_F(KernelFiguresTest, AreLeftOutWhereTheyWereNotKnownBothTimes) {
  HealthMonitor monitor(clock_, run_, 2, root_);
  monitor.Begin();
  Write("/sys/fs/cgroup/job/cpu.stat", "");
  Write("/proc/pressure/cpu", "");
  EXPECT_DOUBLE_EQ(monitor.Read().throttled_s(), 0);
  EXPECT_DOUBLE_EQ(monitor.Read().pressure_s(), 0);
  monitor.Begin();
  Count(3, 9);
  EXPECT_DOUBLE_EQ(monitor.Read().throttled_s(), 0);
  EXPECT_DOUBLE_EQ(monitor.Read().pressure_s(), 0);
}

TEST_F(KernelFiguresTest, NeverGoBack) {
  HealthMonitor monitor(clock_, run_, 2, root_);
  monitor.Begin();
  Count(0, 0);
  EXPECT_DOUBLE_EQ(monitor.Read().throttled_s(), 0);
  EXPECT_DOUBLE_EQ(monitor.Read().pressure_s(), 0);
}

TEST(ThreadWaitTest, NeverGoesBack) {
  ThreadWait wait;
  EXPECT_GE(wait.Take(), absl::ZeroDuration());
  EXPECT_GE(wait.Take(), absl::ZeroDuration());
}

}  // namespace
}  // namespace lockstep::agent
