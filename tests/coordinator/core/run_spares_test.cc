// Agents beyond the wanted number: they take over until T0, and wait for the next run after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Body = v1::CoordinatorMessage::BodyCase;

// Two agents, the second of which goes away on a certain message, and a spare.
class RunSparesTest : public RunTest {
 protected:
  void LoseSecondAt(Body message) {
    Begin(2);
    agent(1).leaves_at = message;
    spare = Join();
    loop.RunFor(absl::Seconds(5));
  }
  void ExpectTheSpareTookOver() {
    EXPECT_EQ(code(), 0);
    EXPECT_EQ(agent(spare).segment_index, 1);
    EXPECT_EQ(agent(spare).t0_ns, agent(0).t0_ns);
    EXPECT_NE(agent(0).t0_ns, 0);
    EXPECT_THAT(log.messages, Contains("agent agent-2 was lost: it left: gone; agent agent-3 takes "
                                       "its place"));
  }

  size_t spare = 0;
};

TEST_F(RunSparesTest, TakesOverBeforeItsPredecessorHadTheBundle) {
  LoseSecondAt(Body::kAssign);
  ExpectTheSpareTookOver();
  EXPECT_THAT(agent(spare).asked, ElementsAre("assign", "prepare", "data ", "start"));
  EXPECT_THAT(agent(0).asked,
              ElementsAre("inspect", "assign", "prepare", "setup", "data ", "start", "teardown "));
}

TEST_F(RunSparesTest, TakesOverWhileVusAreInitialised) {
  LoseSecondAt(Body::kPrepare);
  ExpectTheSpareTookOver();
  EXPECT_THAT(agent(spare).asked, ElementsAre("assign", "prepare", "data ", "start"));
}

TEST_F(RunSparesTest, TakesOverAtTheReadyBarrier) {
  LoseSecondAt(Body::kSetupData);
  ExpectTheSpareTookOver();
  EXPECT_THAT(agent(spare).asked, ElementsAre("assign", "prepare", "data ", "start"));
  EXPECT_THAT(agent(0).asked,
              ElementsAre("inspect", "assign", "prepare", "setup", "data ", "start", "teardown "));
}

TEST_F(RunSparesTest, TakesOverFromTheElectedWhoRanTheInitCode) {
  Begin(2);
  agent(0).leaves_at = Body::kPrepare;
  spare = Join();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(agent(spare).segment_index, 0);
  EXPECT_THAT(agent(spare).asked,
              ElementsAre("assign", "prepare", "setup", "data ", "start", "teardown "));
}

TEST_F(RunSparesTest, ASetupThatHasBegunIsNotTakenOver) {
  Begin(2);
  agent(0).leaves_at = Body::kRunSetup;
  spare = Join();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("agent agent-1 was lost"));
}

TEST_F(RunSparesTest, AfterT0TheLossIsALoss) {
  LoseSecondAt(Body::kStart);
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(agent(spare).asked, IsEmpty());
}

TEST_F(RunSparesTest, ASpareThatIsLostIsNotMissed) {
  Begin(2);
  spare = Join();
  agent(spare).Leave();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
}

TEST_F(RunSparesTest, IsShownAsSpareAndHasNoPartInTheRun) {
  Begin(2);
  spare = Join();
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  const v1::RunStatus status = run->Snapshot();
  ASSERT_EQ(status.agents_size(), 3);
  EXPECT_EQ(status.agents(2).name(), "agent-3");
  EXPECT_EQ(status.agents(2).state(), v1::AgentStatus::SPARE);
  loop.RunFor(absl::Seconds(4));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(spare).asked, IsEmpty());
}

TEST_F(RunSparesTest, WhoComesAfterT0WaitsForTheNextRun) {
  Begin(2);
  loop.RunFor(absl::Seconds(1));
  Join();
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  EXPECT_EQ(run->Snapshot().agents_size(), 2);
  EXPECT_THAT(log.messages, Contains(HasSubstr("a run is in progress; wait for the next one")));
}

}  // namespace
}  // namespace lockstep::coordinator
