#include "coordinator/core/row_queues.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr AgentId kFirstAsker{1};
constexpr AgentId kSecondAsker{2};

v1::RowLease RowsWanted(const std::string& queue, int64_t rows, bool wrap = false) {
  v1::RowLease lease;
  lease.set_queue(queue);
  lease.set_rows(rows);
  lease.set_wrap(wrap);
  return lease;
}

v1::RowsReturned RowsBack(int64_t first, int64_t count) {
  v1::RowsReturned returned;
  returned.set_queue("q");
  returned.set_first(first);
  returned.set_count(count);
  return returned;
}

using Rows = std::pair<int64_t, int64_t>;  // first, count

// Of the only message, which is one.
const v1::RowsLeased& LeasedBy(const std::vector<Addressed>& due) {
  EXPECT_TRUE(due.size() == 1 && due[0].message.has_rows_leased());
  return due.at(0).message.rows_leased();
}

// Whether that is the only message.
bool AreAskedBack(const std::vector<Addressed>& due, AgentId from) {
  return due.size() == 1 && due[0].to == from && due[0].message.rows_recalled().queue() == "q";
}

// What `agent` gets at once.
Rows AskRows(RowQueues& queues, AgentId agent, const v1::RowLease& wish, int64_t agents) {
  EXPECT_TRUE(queues.Ask(agent, wish).ok());
  const std::vector<Addressed> due = queues.Deal(agents);
  EXPECT_EQ(due.size(), 1u);
  const v1::RowsLeased& leased = LeasedBy(due);
  return Rows(leased.first(), leased.count());
}

TEST(RowQueues, GivesEachRowOnceInShrinkingBlocks) {
  RowQueues queues;
  std::vector<int64_t> counts;
  int64_t next = 0;
  while (true) {
    const Rows given = AskRows(queues, kFirstAsker, RowsWanted("q", 100), 5);
    if (given.second == 0) {
      break;
    }
    EXPECT_EQ(given.first, next);
    next += given.second;
    counts.push_back(given.second);
  }
  EXPECT_EQ(next, 100);
  // A 20th of what is left, and at least 1: 100, 95, 91, 87, 83, 79 ...
  EXPECT_THAT(std::vector<int64_t>(counts.begin(), counts.begin() + 6),
              ElementsAre(5, 4, 4, 4, 4, 3));
  EXPECT_EQ(counts.back(), 1);
}

TEST(RowQueues, AWrappingQueueNeverEndsAndBlocksHaveALimit) {
  RowQueues queues;
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("w", 2, true), 3), Rows(0, 1));
  EXPECT_EQ(AskRows(queues, kSecondAsker, RowsWanted("w", 2, true), 3), Rows(1, 1));
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("w", 2, true), 3), Rows(2, 1));
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("big", 1'000'000), 1), Rows(0, 256));
}

TEST(RowQueues, RefusesAnotherSizeAndTooManyQueues) {
  RowQueues queues;
  ASSERT_TRUE(queues.Ask(kFirstAsker, RowsWanted("q", 3)).ok());
  EXPECT_EQ(queues.Ask(kFirstAsker, RowsWanted("q", 4)).message(),
            "row_lease.rows: the queue \"q\" has 3 rows and does not wrap, got 4 and not wrapping");
  EXPECT_FALSE(queues.Ask(kFirstAsker, RowsWanted("q", 3, true)).ok());
  for (int i = 0; i < 999; ++i) {
    ASSERT_TRUE(queues.Ask(kFirstAsker, RowsWanted(std::to_string(i), 1)).ok());
  }
  EXPECT_EQ(queues.Ask(kFirstAsker, RowsWanted("one more", 1)).message(),
            "row_lease.queue: a run has at most 1000 queues");
  EXPECT_TRUE(queues.Ask(kFirstAsker, RowsWanted("q", 3)).ok());
}

// The last rows are asked back of whoever has them, before anybody hears that there are no more.
TEST(RowQueues, SharesWhatOthersHaveNotTaken) {
  RowQueues queues;
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("q", 8), 1), Rows(0, 2));
  for (int64_t row = 2; row < 8; ++row) {
    EXPECT_EQ(AskRows(queues, kSecondAsker, RowsWanted("q", 8), 2), Rows(row, 1));
  }
  ASSERT_TRUE(queues.Ask(kSecondAsker, RowsWanted("q", 8)).ok());
  EXPECT_TRUE(AreAskedBack(queues.Deal(2), kFirstAsker));
  EXPECT_THAT(queues.Deal(2), IsEmpty());  // once
  ASSERT_TRUE(queues.Return(kFirstAsker, RowsBack(1, 1)).ok());
  const std::vector<Addressed> due = queues.Deal(2);
  EXPECT_EQ(LeasedBy(due).first(), 1);
  EXPECT_EQ(LeasedBy(due).count(), 1);
  EXPECT_EQ(AskRows(queues, kSecondAsker, RowsWanted("q", 8), 2), Rows(0, 0));
}

TEST(RowQueues, AnAnswerThatCrossesARequestSaysNothingOfTheNextBlock) {
  RowQueues queues;
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("q", 2), 1), Rows(0, 1));
  EXPECT_EQ(AskRows(queues, kSecondAsker, RowsWanted("q", 2), 1), Rows(1, 1));
  ASSERT_TRUE(queues.Ask(kFirstAsker, RowsWanted("q", 2)).ok());
  ASSERT_TRUE(AreAskedBack(queues.Deal(1), kSecondAsker));
  ASSERT_TRUE(queues.Return(kSecondAsker, RowsBack(1, 1)).ok());  // which has not taken it
  LeasedBy(queues.Deal(1));                                       // the first one has it
  ASSERT_TRUE(queues.Return(kFirstAsker, RowsBack(1, 0)).ok());   // of the one before
  ASSERT_TRUE(queues.Ask(kSecondAsker, RowsWanted("q", 2)).ok());
  EXPECT_TRUE(AreAskedBack(queues.Deal(1), kFirstAsker));  // which still has it
  ASSERT_TRUE(queues.Return(kFirstAsker, RowsBack(2, 0)).ok());
  EXPECT_EQ(LeasedBy(queues.Deal(1)).count(), 0);  // no more
}

TEST(RowQueues, NamesWhatIsLostAndTellsTheOthers) {
  RowQueues queues;
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("q", 12), 1), Rows(0, 3));
  EXPECT_EQ(queues.Lose(kSecondAsker), "");
  EXPECT_EQ(queues.Lose(kFirstAsker), "up to 3 rows of q from number 1 on");
  EXPECT_EQ(queues.Lose(kFirstAsker), "");
}

TEST(RowQueues, TakesBackOnlyWhatWasGiven) {
  RowQueues queues;
  EXPECT_EQ(queues.Return(kFirstAsker, RowsBack(0, 1)).message(),
            "rows_returned: 1 of the queue \"q\", of which it has none");
  EXPECT_EQ(AskRows(queues, kFirstAsker, RowsWanted("q", 12), 1), Rows(0, 3));
  EXPECT_EQ(queues.Return(kFirstAsker, RowsBack(0, 2)).message(),
            "rows_returned: 2 from 0, of 3 from 0: they are not the last ones of these");
  EXPECT_TRUE(queues.Return(kFirstAsker, RowsBack(1, 2)).ok());
  EXPECT_FALSE(queues.Return(kFirstAsker, RowsBack(1, 2)).ok());
  EXPECT_EQ(AskRows(queues, kSecondAsker, RowsWanted("q", 12), 1), Rows(1, 2));  // these first
}

}  // namespace
}  // namespace lockstep::coordinator
