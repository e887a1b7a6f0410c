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
                   {"data_sent", MetricType::kCounter, ValueType::kDefault}};
  batch.tag_sets = {{{"scenario", "s"}}};
  batch.ended = {{.scenario = "s", .full = requests}};
  for (uint32_t i = 0; i < 3; ++i) {
    SeriesDelta& series =
        batch.series.emplace_back(SeriesDelta{i, 0, {}, Aggregate(batch.metrics[i].type)});
    for (int n = 0; n < requests; ++n) {
      series.aggregate.Add(i == 1 ? n % 2 : 1, batch.end);
    }
  }
  return batch;
}

void Add(LiveLoad& load, const std::string& agent, const Batch& batch) {
  load.Add(agent, batch, DeliveredBy(batch));
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
  Add(load, "a", MakeBatch(10, absl::Seconds(1)));
  Add(load, "a", MakeBatch(30, absl::Seconds(2)));
  Add(load, "b", MakeBatch(4, absl::Seconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&status);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 15 + 4);  // of the last batch of each
  EXPECT_DOUBLE_EQ(status.load().iterations_per_s(), 15 + 4);
  EXPECT_DOUBLE_EQ(status.agents(1).load().http_reqs_failed_per_s(), 2);
  EXPECT_DOUBLE_EQ(status.scenarios(0).load().http_reqs_per_s(), 15 + 4);
}

TEST(LiveLoad, SpeedsAreThoseOfLivingAgentsInARunningRun) {
  LiveLoad load;
  Add(load, "a", MakeBatch(10, absl::Seconds(1)));
  Add(load, "b", MakeBatch(4, absl::Seconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  status.mutable_agents(0)->set_state(v1::AgentStatus::LOST);
  load.Describe(&status);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 4);
  // One that has left and come again is there twice.
  v1::RunStatus again = StatusOf(v1::RunStatus::RUNNING);
  again.mutable_agents(0)->set_state(v1::AgentStatus::LEFT);
  again.mutable_agents(0)->set_name("b");
  load.Describe(&again);
  EXPECT_DOUBLE_EQ(again.load().http_reqs_per_s(), 4);
  v1::RunStatus paused = StatusOf(v1::RunStatus::RUNNING);
  paused.set_paused(true);
  load.Describe(&paused);
  EXPECT_EQ(paused.load().http_reqs_per_s(), 0);
  EXPECT_EQ(paused.scenarios(0).load().iterations_per_s(), 0);
  v1::RunStatus over = StatusOf(v1::RunStatus::DRAINING);
  load.Describe(&over);
  EXPECT_EQ(over.load().http_reqs_per_s(), 0);
}

// A system under test that hangs: nothing ends, agents have nothing to tell.
TEST(LiveLoad, SpeedsOfThoseWhoTellNothingAreGoneAfterThreeSeconds) {
  LiveLoad load;
  Add(load, "a", MakeBatch(10, absl::Seconds(1)));
  Add(load, "b", MakeBatch(4, absl::Seconds(1)));
  load.Tick();
  load.Tick();
  Add(load, "b", MakeBatch(6, absl::Seconds(1)));
  v1::RunStatus still = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&still);
  EXPECT_DOUBLE_EQ(still.load().http_reqs_per_s(), 16);  // a batch may be under way
  load.Tick();
  v1::RunStatus stale = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&stale);
  EXPECT_DOUBLE_EQ(stale.load().http_reqs_per_s(), 6);
  EXPECT_DOUBLE_EQ(stale.agents(0).load().iterations_per_s(), 0);
  EXPECT_DOUBLE_EQ(stale.scenarios(0).load().http_reqs_per_s(), 6);
}

TEST(LiveLoad, ABriefLastBatchSaysNothingOfSpeed) {
  LiveLoad load;
  Add(load, "a", MakeBatch(10, absl::Seconds(1)));
  Add(load, "a", MakeBatch(2, absl::Milliseconds(1)));
  v1::RunStatus status = StatusOf(v1::RunStatus::RUNNING);
  load.Describe(&status);
  EXPECT_DOUBLE_EQ(status.load().http_reqs_per_s(), 10);
}

TEST(LiveLoad, ABatchTellsOfItsScenariosAndOfWhatIsOfNone) {
  Batch batch = MakeBatch(4, absl::Seconds(1));
  batch.tag_sets.emplace_back();
  batch.series.push_back(batch.series[0]);
  batch.series.back().tag_set = 1;
  batch.ended.push_back({.scenario = "t", .full = 0, .interrupted = 1, .dropped = 2});
  const std::vector<Delivered> delivered = DeliveredBy(batch);
  ASSERT_EQ(delivered.size(), 3u);
  EXPECT_EQ(delivered[0].scenario, "");
  EXPECT_EQ(delivered[0].requests, 4);
  EXPECT_EQ(delivered[1].scenario, "s");
  EXPECT_EQ(delivered[1].full, 4);
  EXPECT_EQ(delivered[1].requests, 4);
  EXPECT_EQ(delivered[1].failed, 2);
  EXPECT_EQ(delivered[2].interrupted, 1);
  EXPECT_EQ(delivered[2].dropped, 2);
}

TEST(LiveLoad, CountsThatNoRunCanHaveAreCut) {
  Batch batch = MakeBatch(1, absl::Seconds(1));
  batch.series[0].aggregate.Add(1e300, batch.end);
  std::vector<Delivered> sum;
  for (int i = 0; i < 10'000; ++i) {
    AddDelivered(DeliveredBy(batch), sum);
  }
  EXPECT_GT(sum.at(0).requests, 1'000'000'000'000'000'000);
}

}  // namespace
}  // namespace lockstep::coordinator
