#include "coordinator/core/division.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

std::vector<RunMember> WithWeights(const std::vector<int64_t>& weights) {
  std::vector<RunMember> members(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    members[i].name = "agent-" + std::to_string(i + 1);
    members[i].weight = weights[i];
  }
  return members;
}

TEST(Division, SegmentsAndRpsFollowTheWeights) {
  TestPlan plan;
  plan.rps = 20;
  std::vector<RunMember> members = WithWeights({1, 1, 2});
  ASSERT_TRUE(DivideWork(plan, members).ok());
  EXPECT_EQ(members[0].segment, "0:1/4");
  EXPECT_EQ(members[1].segment, "1/4:1/2");
  EXPECT_EQ(members[2].segment, "1/2:1");
  EXPECT_EQ(members[0].rps_share, 5);
  EXPECT_EQ(members[2].rps_share, 10);
}

TEST(Division, RpsFollowsTheVusThatASegmentHas) {
  TestPlan plan;
  plan.rps = 20;
  plan.share_of = [](const SegmentTuple& tuple) {
    AgentShare share;
    share.max_vus = tuple.length().numerator == 1 ? 0 : 3;  // of 1/4 and 3/4
    return share;
  };
  std::vector<RunMember> members = WithWeights({1, 3});
  ASSERT_TRUE(DivideWork(plan, members).ok());
  EXPECT_EQ(members[0].rps_share, 20);  // of no VU: only setup() and teardown() send
  EXPECT_EQ(members[1].rps_share, 20);
}

TEST(Division, MissingIsWhatWasPlannedAndNotSettled) {
  RunMember member;
  EXPECT_EQ(MissingWork(member), "");
  member.segment = "1/3:2/3";
  member.share.scenarios = {{"counted", 10, 4}, {"timed", -1, 5}, {"over", -1, 2}};
  v1::ScenarioProgress& counted = *member.progress.add_scenarios();
  counted.set_name("counted");
  counted.set_full(4);
  counted.set_interrupted(1);
  counted.set_dropped(2);
  v1::ScenarioProgress& timed = *member.progress.add_scenarios();
  timed.set_name("timed");
  timed.set_progress(0.25);
  v1::ScenarioProgress& over = *member.progress.add_scenarios();
  over.set_name("over");
  over.set_state(v1::ScenarioProgress::DONE);
  EXPECT_EQ(MissingWork(member),
            "segment 1/3:2/3, scenario counted: 3 of 10 iterations, "
            "scenario timed: 5 VUs from 25% on");
  member.share.scenarios = {{"counted", 7, 4}, {"timed", -1, 1}};  // all seven are settled
  EXPECT_EQ(MissingWork(member), "segment 1/3:2/3, scenario timed: 1 VU from 25% on");
  member.share.scenarios = {{"counted", 7, 4}};
  EXPECT_EQ(MissingWork(member), "");
  member.share.scenarios = {{"timed", -1, 1}};
  timed.set_progress(0);  // it has no end
  timed.set_elapsed_ns(12'345'678'900);
  EXPECT_EQ(MissingWork(member),
            "segment 1/3:2/3, scenario timed: 1 VU from 12.3s after its start on");
  member.handed_over = true;
  member.cut_at = absl::Nanoseconds(21'020'088'211);
  EXPECT_EQ(
      MissingWork(member),
      "segment 1/3:2/3, scenario timed: 1 VU from 12.3s after its start on, until others took "
      "over, 21s after the start");
}

TEST(Division, WhatWasToldAndNotMeasuredIsMissingToo) {
  RunMember member;
  member.segment = "1/3:2/3";
  member.share.scenarios = {{"counted", 10, 4}, {"timed", -1, 5}, {"over", -1, 2}};
  for (const auto& [name, full] : {std::pair("counted", 8), {"timed", 40}, {"over", 12}}) {
    v1::ScenarioProgress& part = *member.progress.add_scenarios();
    part.set_name(name);
    part.set_full(full);
    part.set_progress(0.5);
  }
  member.progress.mutable_scenarios(2)->set_state(v1::ScenarioProgress::DONE);
  member.delivered = {{.scenario = "counted", .full = 5},
                      {.scenario = "timed", .full = 30, .interrupted = 1},
                      {.scenario = "over", .full = 11}};
  CountDelivered(member);
  const std::string missing =
      "segment 1/3:2/3, scenario counted: 5 of 10 iterations, "
      "scenario timed: 5 VUs from 50% on, and 9 iterations that had ended by then, "
      "scenario over: 1 iteration that had ended";
  EXPECT_EQ(MissingWork(member), missing);
  CountDelivered(member);
  EXPECT_EQ(MissingWork(member), missing);
  // Another coordinator goes on, for whom some of it was not kept.
  member.delivered_kept = {{.scenario = "counted", .full = 1}, {.scenario = "timed", .full = 20}};
  member.GoBackToKept();
  CountDelivered(member);
  EXPECT_EQ(MissingWork(member),
            "segment 1/3:2/3, scenario counted: 9 of 10 iterations, "
            "scenario timed: 5 VUs from 50% on, and 20 iterations that had ended by then, "
            "scenario over: 12 iterations that had ended");
}

TEST(Division, FallingShortIsHavingBegunLessThanTheSchedulesGave) {
  RunMember member;
  member.share.scenarios = {{"rate", 15, 4}, {"pool", 9, 4}};
  member.starts_before = {15, 0};
  v1::Progress progress;
  v1::ScenarioProgress& rate = *progress.add_scenarios();
  rate.set_name("rate");
  rate.set_full(12);
  rate.set_dropped(2);
  progress.add_scenarios()->set_name("pool");
  EXPECT_TRUE(FallsShort(member, progress));
  rate.set_interrupted(1);
  EXPECT_FALSE(FallsShort(member, progress));
}

}  // namespace
}  // namespace lockstep::coordinator
