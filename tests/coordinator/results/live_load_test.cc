#include "coordinator/results/live_load.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

// A batch with `requests` requests, half of them failed, and as many iterations, of scenario "s".
Batch MakeBatch(int requests, absl::Duration length) {
  Batch batch;
  batch.begin = absl::UnixEpoch();
  batch.end = batch.begin + length;
  batch.metrics = {{"http_reqs", MetricType::kCounter, ValueType::kDefault},
                   {"http_req_failed", MetricType::kRate, ValueType::kDefault},
                   {"iterations", MetricType::kCounter, ValueType::kDefault}};
  batch.tag_sets = {{{"scenario", "s"}}};
  for (uint32_t i = 0; i < 3; ++i) {
    SeriesDelta& series =
        batch.series.emplace_back(SeriesDelta{i, 0, {}, Aggregate(batch.metrics[i].type)});
    for (int n = 0; n < requests; ++n) {
      series.aggregate.Add(i == 1 ? n % 2 : 1, batch.end);
    }
  }
  return batch;
}

v1::RunStatus StatusOf(v1::RunStatus::State state) {
  v1::RunStatus status;
  status.set_state(state);
  for (const char* name : {"a", "b"}) {
    v1::AgentStatus& agent = *status.add_agents();
    agent.set_name(name);
    agent.set_state(v1::AgentStatus::CONNECTED);
  }
  status.add_scenarios()->set_name("s");
  return status;
}

TEST(LiveLoad, AddsUpAgentsAndScenarios) {
  LiveLoad load;
  load.Add("a", MakeBatch(10, absl::Seconds(1)));
  load.Add("a", MakeBatch(30, absl::Seconds(2)));
  load.Add("b", MakeBatch(4, absl::Seconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&status);
  EXPECT_EQ(status.load().http_reqs(), 44);
  EXPECT_EQ(status.load().http_reqs_failed(), 22);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 15 + 4);  // of the last batch of each
  EXPECT_DOUBLE_EQ(status.load().iterations_per_s(), 15 + 4);
  EXPECT_EQ(status.agents(0).load().http_reqs(), 40);
  EXPECT_DOUBLE_EQ(status.agents(1).load().http_reqs_failed_per_s(), 2);
  EXPECT_EQ(status.scenarios(0).load().http_reqs(), 44);
}

TEST(LiveLoad, SpeedsAreThoseOfLivingAgentsInARunningRun) {
  LiveLoad load;
  load.Add("a", MakeBatch(10, absl::Seconds(1)));
  load.Add("b", MakeBatch(4, absl::Seconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  status.mutable_agents(0)->set_state(v1::AgentStatus::LOST);
  load.Describe(&status);
  EXPECT_EQ(status.load().http_reqs(), 14);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 4);
  v1::RunStatus over = StatusOf(v1::RunStatus::DRAINING);
  load.Describe(&over);
  EXPECT_EQ(over.load().http_reqs_per_s(), 0);
}

// A system under test that hangs: nothing ends, agents have nothing to tell.
TEST(LiveLoad, SpeedsOfThoseWhoTellNothingAreGoneAfterThreeSeconds) {
  LiveLoad load;
  load.Add("a", MakeBatch(10, absl::Seconds(1)));
  load.Add("b", MakeBatch(4, absl::Seconds(1)));
  load.Tick();
  load.Tick();
  load.Add("b", MakeBatch(6, absl::Seconds(1)));
  v1::RunStatus still = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&still);
  EXPECT_DOUBLE_EQ(still.load().http_reqs_per_s(), 16);  // a batch may be under way
  load.Tick();
  v1::RunStatus stale = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&stale);
  EXPECT_DOUBLE_EQ(stale.load().http_reqs_per_s(), 6);
  EXPECT_DOUBLE_EQ(stale.agents(0).load().iterations_per_s(), 0);
  EXPECT_DOUBLE_EQ(stale.scenarios(0).load().http_reqs_per_s(), 6);
  EXPECT_EQ(stale.load().http_reqs(), 20);  // counts stay
}

TEST(LiveLoad, ABriefLastBatchSaysNothingOfSpeed) {
  LiveLoad load;
  load.Add("a", MakeBatch(10, absl::Seconds(1)));
  load.Add("a", MakeBatch(2, absl::Milliseconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&status);
  EXPECT_EQ(status.load().http_reqs(), 12);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 10);
}

TEST(LiveLoad, CountsBeyondAllIntegersAreCut) {
  LiveLoad load;
  Batch batch = MakeBatch(1, absl::Seconds(1));
  batch.series[0].aggregate.Add(1e300, batch.end);
  load.Add("a", batch);
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&status);
  EXPECT_EQ(status.load().http_reqs(), 9'000'000'000'000'000'000);
}

}  // namespace
}  // namespace lockstep::coordinator
