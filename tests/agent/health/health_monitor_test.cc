#include "agent/health/health_monitor.h"

#include <gtest/gtest.h>

#include "agent/health/thread_wait.h"

namespace lockstep::agent {
namespace {

TEST(RunHealthTest, NothingIsNotedBeforeTheStartAndAfterTheStop) {
  RunHealth run;
  const auto note = [&run] {
    run.LoopLag(absl::Milliseconds(4));
    run.Waited(absl::Milliseconds(3));
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

TEST(ThreadWaitTest, NeverGoesBack) {
  ThreadWait wait;
  EXPECT_GE(wait.Take(), absl::ZeroDuration());
  EXPECT_GE(wait.Take(), absl::ZeroDuration());
}

}  // namespace
}  // namespace lockstep::agent
