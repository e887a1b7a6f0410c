#include "coordinator/journal/go_on.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

class GoOnTest : public ::testing::Test {
 protected:
  GoOnTest() {
    run.identity = test;
    run.run.state = v1::RunStatus::RUNNING;
    run.kept_mono = MonoTime() + absl::Seconds(100);
  }
  std::string Answer(absl::Duration gone) {
    const absl::Status may = MayGoOn(run, test, run.kept_mono + gone);
    return may.ok() ? "yes" : std::string(may.message());
  }

  RunIdentity test{.test_hash = "hash", .version = "1.2", .boot = "boot"};
  UnfinishedRun run;
};

// Agents that heard last of the coordinator a second before its last commit have two seconds less
// than the lease of ten, and one of them to come back.
TEST_F(GoOnTest, OnlyWhileTheAgentsAreSurelyThere) {
  EXPECT_EQ(Answer(absl::Seconds(0)), "yes");
  EXPECT_EQ(Answer(absl::Milliseconds(7999)), "yes");
  EXPECT_EQ(Answer(absl::Milliseconds(8534)),
            "it is too late: its coordinator has been gone for 8.5s, and after 8s its agents may "
            "have given it up");
}

TEST_F(GoOnTest, OnlyWithTheSameTestOfTheSameProgramOnTheSameMachine) {
  run.identity.test_hash = "another";
  EXPECT_EQ(Answer(absl::Seconds(1)), "this is another test");
  run.identity.version = "1.1";
  EXPECT_EQ(Answer(absl::Seconds(1)), "lockstep 1.1 began it, and this is 1.2");
  run.identity.boot = "another";
  EXPECT_EQ(Answer(absl::Seconds(1)), "the machine was started again meanwhile");
  run.run.state = v1::RunStatus::SETUP;
  EXPECT_EQ(Answer(absl::Seconds(1)), "it had not started");
}

// Agents know of more than the journal.
TEST_F(GoOnTest, NotWhereTheJournalEndsBeforeTheCoordinator) {
  run.run.clock.t0 = run.kept_mono - absl::Milliseconds(2345);
  run.broken_off = "journal j.db: there is no room left on the disk";
  EXPECT_EQ(Answer(absl::Seconds(1)),
            "what is kept of it ends 2.3s after the start, as nothing could be written any more "
            "(journal j.db: there is no room left on the disk), and its agents were told of more "
            "than that");
}

// A supervisor that starts it again must not run the test once more; a person who does so later
// wants it run.
TEST(MayAnswerFor, TheSameTestAMomentAfterItsEndThatNobodyHeardOf) {
  const RunIdentity test{.test_hash = "hash", .version = "1.2", .boot = "boot"};
  const MonoTime then = MonoTime() + absl::Seconds(100);
  RunRecord run{.identity = test, .ended = absl::UnixEpoch(), .alive = then};
  EXPECT_TRUE(MayAnswerFor(run, test, then + absl::Seconds(1)));
  EXPECT_FALSE(MayAnswerFor(run, test, then + kGoOnWithin));
  EXPECT_FALSE(MayAnswerFor(run, test, then - absl::Seconds(1))) << "started again meanwhile";
  for (const auto& other :
       {RunIdentity{.test_hash = "other", .version = "1.2", .boot = "boot"},
        RunIdentity{.test_hash = "hash", .version = "1.3", .boot = "boot"},
        RunIdentity{
            .test_hash = "hash", .version = "1.2", .boot = "boot", .settings = "more outputs"},
        RunIdentity{.test_hash = "hash", .version = "1.2", .boot = "other"}}) {
    EXPECT_FALSE(MayAnswerFor(run, other, then));
  }
  run.alive.reset();
  EXPECT_FALSE(MayAnswerFor(run, test, then)) << "it has given its exit code";
  run = {.identity = test, .alive = then};
  EXPECT_FALSE(MayAnswerFor(run, test, then)) << "it has not ended";
}

}  // namespace
}  // namespace lockstep::coordinator
