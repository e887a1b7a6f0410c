#include "coordinator/core/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;

AgentRecord Agent(uint32_t id) {
  AgentRecord record;
  record.id = AgentId{id};
  record.name = absl::StrCat("agent-", id);
  record.weight = id;
  return record;
}

Roster OfFour(double tolerated_loss_percent = 0) {
  Roster roster(4, tolerated_loss_percent);
  for (uint32_t id = 1; id <= 4; ++id) {
    EXPECT_FALSE(roster.complete());
    roster.Add(Agent(id));
  }
  EXPECT_TRUE(roster.complete());
  return roster;
}

TEST(Roster, TheFirstWhoIsPresentIsElected) {
  Roster roster = OfFour();
  EXPECT_EQ(roster.FindElected(), nullptr);
  roster.Elect();
  EXPECT_EQ(roster.elected(), AgentId{1});
  roster.members()[0].lost = true;
  EXPECT_EQ(roster.FindElected(), nullptr);
  roster.Elect();
  EXPECT_EQ(roster.FindElected()->name, "agent-2");
  EXPECT_THAT(roster.Present(), ElementsAre(AgentId{2}, AgentId{3}, AgentId{4}));
}

TEST(Roster, OneWhoFitsIsElectedOrNobodyAnew) {
  Roster roster = OfFour();
  roster.Elect();
  roster.ElectFrom([](const RunMember& member) { return member.weight == 3; });
  EXPECT_EQ(roster.elected(), AgentId{3});
  roster.ElectFrom([](const RunMember&) { return false; });
  EXPECT_EQ(roster.elected(), AgentId{3});
}

TEST(Roster, ASpareTakesOverWorkWeightAndElection) {
  Roster roster = OfFour();
  roster.Elect();
  roster.AddSpare(AgentId{7});
  roster.AddSpare(AgentId{8});
  RunMember& lost = roster.members()[0];
  lost.lost = true;
  lost.segment = "0:1/10";
  lost.tuple = *SegmentTuple::Make(*SegmentSequence::Parse("0,1/10,1"), 0);
  lost.rps_share = 5;
  lost.Reach(RunMember::Step::kPrepared);
  lost.progress.set_vus_active(3);
  roster.Substitute(lost, Agent(7));
  const RunMember* substitute = roster.FindElected();
  ASSERT_EQ(substitute, &roster.members()[0]);
  EXPECT_EQ(substitute->name, "agent-7");
  EXPECT_EQ(substitute->weight, 1);
  EXPECT_EQ(substitute->segment, "0:1/10");
  EXPECT_EQ(substitute->tuple.Scale(100), 10);  // not the whole test
  EXPECT_EQ(substitute->rps_share, 5);
  EXPECT_EQ(substitute->step, RunMember::Step::kJoined);
  EXPECT_EQ(substitute->progress.vus_active(), 0);
  EXPECT_THAT(roster.spares(), ElementsAre(AgentId{8}));
}

TEST(Roster, ToleratesAShareOfLossesButNeverAll) {
  Roster strict = OfFour();
  EXPECT_TRUE(strict.WithinTolerance());
  strict.members()[3].lost = true;
  EXPECT_FALSE(strict.WithinTolerance());
  Roster half = OfFour(50);
  half.members()[0].lost = half.members()[1].lost = true;
  EXPECT_TRUE(half.WithinTolerance());
  half.members()[2].lost = true;
  EXPECT_FALSE(half.WithinTolerance());
  Roster all = OfFour(100);
  for (RunMember& member : all.members()) {
    EXPECT_TRUE(all.WithinTolerance());
    member.lost = true;
  }
  EXPECT_FALSE(all.WithinTolerance());
}

TEST(Roster, OnlyThosePresentHaveToComeAlong) {
  Roster roster = OfFour();
  roster.members()[2].round_trip_ms = 9;
  roster.members()[1].round_trip_ms = 4;
  for (size_t i : {0, 1, 3}) {
    roster.members()[i].Reach(RunMember::Step::kReady);
    roster.members()[i].Reach(RunMember::Step::kAssigned);  // changes nothing
  }
  EXPECT_FALSE(roster.AllHave(RunMember::Step::kAssigned));
  EXPECT_EQ(roster.SlowestRoundTripMs(), 9);
  roster.members()[2].lost = true;
  EXPECT_TRUE(roster.AllHave(RunMember::Step::kReady));
  EXPECT_FALSE(roster.AllHave(RunMember::Step::kDrained));
  EXPECT_EQ(roster.SlowestRoundTripMs(), 4);
  roster.ForgetLost();
  EXPECT_EQ(roster.members().size(), 3u);
}

TEST(Roster, AScenarioHasEndedOnceItHasOnAll) {
  Roster roster(2, 0);
  roster.Add(Agent(1));
  roster.Add(Agent(2));
  for (RunMember& member : roster.members()) {
    EXPECT_FALSE(roster.HasEnded("s"));
    v1::ScenarioProgress& part = *member.progress.add_scenarios();
    part.set_name("s");
    part.set_state(v1::ScenarioProgress::DONE);
  }
  EXPECT_TRUE(roster.HasEnded("s"));
  EXPECT_FALSE(roster.HasEnded("other"));
  roster.members()[0].progress.mutable_scenarios(0)->set_state(v1::ScenarioProgress::RUNNING);
  EXPECT_FALSE(roster.HasEnded("s"));
}

}  // namespace
}  // namespace lockstep::coordinator
