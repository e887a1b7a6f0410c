// What stays of a run that has ended, and who may open the file.
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/coordinator/journal/journal_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::SizeIs;

TEST_F(JournalTest, AnEndedRunLeavesItsRowAndResult) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  RunRecord record{.id = 1,
                   .identity = {},
                   .ended = Now(),
                   .duration = absl::Seconds(9),
                   .exit_code = 99,
                   .verdict = "FAILED",
                   .reason = "because",
                   .validity = "VALID",
                   .requests = 10,
                   .failed = 2,
                   .iterations = 5};
  ASSERT_TRUE(journal->End(record, R"({"schema":"x"})", "checks: 1\nFAILED\n").ok());
  journal.reset();
  auto history = Journal::OpenHistory(path_);
  ASSERT_TRUE(history.ok()) << history.status();
  const std::vector<RunRecord> runs = *(*history)->Runs(10);
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].identity.begun, absl::FromUnixSeconds(1000));
  EXPECT_EQ(runs[0].ended, Now());
  EXPECT_EQ(runs[0].duration, absl::Seconds(9));
  EXPECT_EQ(runs[0].exit_code, 99);
  EXPECT_TRUE(runs[0].has_result);
  EXPECT_EQ(*(*history)->ResultOf(1), R"({"schema":"x"})");
  EXPECT_EQ(*(*history)->ShownOf(1), "checks: 1\nFAILED\n");
  EXPECT_TRUE(absl::IsNotFound((*history)->ShownOf(2).status()));
  EXPECT_TRUE(absl::IsNotFound((*history)->ResultOf(2).status()));
  EXPECT_FALSE((*history)->FindUnfinished()->has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition((*history)->FindUnfinished(1).status()));
  EXPECT_TRUE(absl::IsNotFound((*history)->FindUnfinished(7).status()));
}

TEST_F(JournalTest, AnEndedRunIsUnansweredUntilItsProcessGivesItsExitCode) {
  std::unique_ptr<Journal> journal = WithRun();
  EXPECT_FALSE(journal->FindUnanswered()->has_value()) << "it has not ended";
  const RunRecord record{.id = 1,
                         .identity = {},
                         .ended = Now(),
                         .exit_code = 99,
                         .verdict = "FAILED",
                         .alive = MonoTime::FromNanos(5)};
  ASSERT_TRUE(journal->End(record, "{}", "").ok());
  EXPECT_EQ((*journal->FindUnanswered())->alive, MonoTime::FromNanos(5));
  ASSERT_TRUE(journal->KeepAlive(1, MonoTime::FromNanos(7)).ok());
  EXPECT_EQ((*journal->FindUnanswered())->alive, MonoTime::FromNanos(7));
  ASSERT_TRUE(journal->KeepAlive(1, std::nullopt).ok());
  EXPECT_FALSE(journal->FindUnanswered()->has_value());
  EXPECT_EQ(journal->RecordOfRun(1)->exit_code, 99);
}

// Otherwise all of it would go into a file that has no name any more, without a word.
TEST_F(JournalTest, AFileThatIsTakenAwayKeepsNothingUntilItIsBack) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  const std::string elsewhere = path_ + ".away";
  ASSERT_EQ(rename(path_.c_str(), elsewhere.c_str()), 0);
  const absl::Status gone = absl::UnavailableError(
      "journal " + path_ + ": the file was taken away, or another one is in its place");
  EXPECT_EQ(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()), gone);
  std::ofstream(path_) << "another one";
  EXPECT_EQ(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()), gone);
  const RunRecord record{.id = 1, .identity = {}, .ended = Now(), .verdict = "PASSED"};
  EXPECT_EQ(journal->End(record, "{}", ""), gone);
  ASSERT_EQ(rename(elsewhere.c_str(), path_.c_str()), 0);
  EXPECT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  EXPECT_TRUE(journal->End(record, "{}", "").ok());
}

// From now on there is room for a row, and not for a result.
void FillUp(const std::string& path) {
  auto database = Database::Open(path, /*create=*/false);
  ASSERT_TRUE((*database)
                  ->Execute("CREATE TRIGGER full BEFORE UPDATE ON run WHEN length(NEW.result) > 99 "
                            "BEGIN SELECT RAISE(ABORT, 'full'); END")
                  .ok());
}

TEST_F(JournalTest, ARunWhoseResultFindsNoRoomHasEndedNevertheless) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  FillUp(path_);
  const RunRecord record{
      .id = 1, .identity = {}, .ended = Now(), .exit_code = 0, .verdict = "DONE"};
  EXPECT_FALSE(journal->End(record, std::string(1000, 'x'), "").ok());
  EXPECT_FALSE(journal->FindUnfinished()->has_value()) << "its coordinator was not lost";
  const absl::StatusOr<RunRecord> kept = journal->RecordOfRun(1);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->verdict, "DONE");
  EXPECT_FALSE(kept->has_result);
  EXPECT_TRUE(absl::IsNotFound(journal->RecordOfRun(2).status()));
  ASSERT_TRUE(journal->Begin({.script = "t.js", .settings = "{}"}).ok());
  int64_t rows = -1;
  auto database = Database::Open(path_, /*create=*/false);
  ASSERT_TRUE((*database)
                  ->Query("SELECT count(*) FROM state WHERE run = 1", {},
                          [&](const SqlRow& row) { rows = row.Int(0); })
                  .ok());
  EXPECT_EQ(rows, 0) << "what it took to go on with it is forgotten with the next run";
}

TEST_F(JournalTest, RoomForTheEndIsReservedWhileARunIsKept) {
  std::unique_ptr<Journal> journal = WithRun();
  struct stat reserve = {};
  ASSERT_EQ(stat(absl::StrCat(path_, "-reserve").c_str(), &reserve), 0);
  EXPECT_GE(reserve.st_blocks * 512, DiskReserve::kBytes);
  ASSERT_TRUE(
      journal->End({.id = 1, .identity = {}, .ended = Now(), .verdict = "DONE"}, "", "").ok());
  EXPECT_NE(stat(absl::StrCat(path_, "-reserve").c_str(), &reserve), 0);
}

TEST_F(JournalTest, WhatIsToBeRecoveredIsNotMade) {
  EXPECT_TRUE(absl::IsNotFound(Journal::OpenKept(path_).status()));
  std::ofstream(path_).close();
  const auto empty = Journal::OpenKept(path_);
  EXPECT_TRUE(absl::IsInvalidArgument(empty.status()));
  EXPECT_EQ(empty.status().message(),
            absl::StrCat("journal ", path_, ": it is empty, and not a journal of lockstep"));
  struct stat file = {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_size, 0);
  ASSERT_NE(Open(), nullptr);
  EXPECT_TRUE(Journal::OpenKept(path_).ok());
}

// As where the disk is full: its log beside it cannot be made.
TEST_F(JournalTest, AFileInWhichNothingCanBeBegunGoesAgain) {
  const std::string log = absl::StrCat(path_, "-wal");
  ASSERT_EQ(mkdir(log.c_str(), 0700), 0);
  EXPECT_FALSE(Journal::Open(path_).ok());
  struct stat file = {};
  EXPECT_NE(stat(path_.c_str(), &file), 0);
  ASSERT_EQ(rmdir(log.c_str()), 0);
  ASSERT_NE(Open(), nullptr);
  EXPECT_EQ(stat(path_.c_str(), &file), 0);
  // One that was there is somebody's.
  ASSERT_EQ(mkdir(log.c_str(), 0700), 0);
  EXPECT_FALSE(Journal::Open(path_).ok());
  EXPECT_EQ(stat(path_.c_str(), &file), 0);
  rmdir(log.c_str());
}

TEST_F(JournalTest, WhatWasThereBeforeStaysEvenWhereItIsEmpty) {
  const std::string log = absl::StrCat(path_, "-wal");
  ASSERT_EQ(mkdir(log.c_str(), 0700), 0);
  struct stat file = {};
  const auto stays = [&] {
    EXPECT_FALSE(Journal::Open(path_).ok());
    return lstat(path_.c_str(), &file) == 0;
  };
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);  // a device such as /dev/null is no other case
  EXPECT_TRUE(stays());
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(close(creat(path_.c_str(), 0600)), 0);
  EXPECT_TRUE(stays());
  rmdir(log.c_str());
  EXPECT_NE(Open(), nullptr);
}

TEST_F(JournalTest, OneProcessAtATimeWrites) {
  const std::unique_ptr<Journal> journal = Open();
  const auto second = Journal::Open(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_EQ(second.status().message(),
            absl::StrCat("journal ", path_, ": another process of lockstep is using it"));
  EXPECT_TRUE(Journal::OpenHistory(path_).ok());
}

}  // namespace
}  // namespace lockstep::coordinator
