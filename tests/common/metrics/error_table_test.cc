#include "common/metrics/error_table.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

absl::Time At(int64_t nanos) {
  return absl::FromUnixNanos(nanos);
}

// "3 x 500 GET /a".
std::vector<std::string> Lines(const ErrorTable& table) {
  std::vector<std::string> lines;
  for (const ErrorRow& row : table.Rows()) {
    lines.push_back(absl::StrCat(row.error.count, " x ", row.error.cause, " ", row.error.method,
                                 " ", row.error.name));
  }
  return lines;
}

TEST(ErrorTable, CountsKindsAndListsTheMostFrequentFirst) {
  ErrorTable table;
  table.Add("500", "GET", "/a", At(9));
  table.Add("404", "GET", "/b", At(3));
  table.Add("500", "GET", "/a", At(7));
  table.Add("500", "POST", "/a", At(2));
  EXPECT_THAT(Lines(table), ElementsAre("2 x 500 GET /a", "1 x 500 POST /a", "1 x 404 GET /b"));
  EXPECT_EQ(table.Rows()[0].error.first_unix_nanos, 7);
  EXPECT_TRUE(table.Rows()[0].agents.empty());
  table.Clear();
  EXPECT_TRUE(table.empty());
}

TEST(ErrorTable, MergedKnowsWhichAgentsHadThem) {
  ErrorTable table;
  const ErrorCount refused = {"refused", "GET", "h:1", 3, 50};
  table.Add(refused, "a");
  table.Add({"refused", "GET", "h:1", 4, 40}, "b");
  table.Add(refused, "a");
  ASSERT_THAT(Lines(table), ElementsAre("10 x refused GET h:1"));
  EXPECT_EQ(table.Rows()[0].error.first_unix_nanos, 40);
  EXPECT_THAT(table.Rows()[0].agents, ElementsAre(Pair("a", 6), Pair("b", 4)));
}

TEST(ErrorTable, BeyondItsLimitNamesOfOneCauseBecomeOneRowAndTheRestIsCounted) {
  ErrorTable table(2);
  for (int i = 0; i < 5; ++i) {
    table.Add("500", "GET", absl::StrCat("/", i), At(i));
  }
  EXPECT_THAT(Lines(table),
              ElementsAre("3 x 500 GET (other names)", "1 x 500 GET /0", "1 x 500 GET /1"));
  EXPECT_EQ(table.folded(), 0u);
  for (int i = 0; i < 60; ++i) {  // 49 rows are left for those
    table.Add({absl::StrCat("cause ", i), "GET", "/", 2, 1}, "a");
  }
  table.AddFolded(100);
  EXPECT_EQ(table.Rows().size(), 52u);
  EXPECT_EQ(table.folded(), 100 + 2 * 11u);
  uint64_t counted = table.folded();
  for (const ErrorRow& row : table.Rows()) {
    counted += row.error.count;
  }
  EXPECT_EQ(counted, 5 + 120 + 100u) << "nothing is lost";
}

TEST(ErrorTable, CutsLongTextsBetweenCharacters) {
  ErrorTable table;
  std::string umlauts = "x";
  for (int i = 0; i < 400; ++i) {
    umlauts += "\u00fc";
  }
  table.Add(umlauts, "GET", umlauts + "z", At(1));
  EXPECT_EQ(table.Rows()[0].error.cause, umlauts.substr(0, 511));
  EXPECT_EQ(table.Rows()[0].error.name, umlauts.substr(0, 511));
}

TEST(ErrorTable, MarksAndEscapesMakeNoTextLongerThanItMayBe) {
  ErrorTable table;
  table.Add(std::string(512, '\x1b'), "GET", std::string(512, '\xFF'), At(0));
  const ErrorCount error = table.Rows()[0].error;
  EXPECT_EQ(error.cause.size(), 512u);
  EXPECT_EQ(error.name.size(), 510u);
  EXPECT_EQ(error.name.substr(0, 3), "\uFFFD");
}

TEST(ErrorTable, NoTextBeginsALineOrReachesATerminalAsAnEscape) {
  ErrorTable table;
  table.Add("a\nPASSED", "GET\r\n", "\x1b[2J\ttext\x7f", absl::UnixEpoch());
  const ErrorRow row = table.Rows()[0];
  EXPECT_EQ(row.error.cause, "a\\nPASSED");
  EXPECT_EQ(row.error.method, "GET\\r\\n");
  EXPECT_EQ(row.error.name, "\\x1b[2J\\ttext\\x7f");
}

TEST(ErrorTable, NamesNoMoreAgentsThanItsLimit) {
  ErrorTable table;
  for (int i = 0; i < 100; ++i) {
    table.Add({"500", "GET", "/", 1, 1}, absl::StrCat("agent-", i));
  }
  EXPECT_EQ(table.Rows()[0].agents.size(), ErrorTable::kMostAgents);
  EXPECT_EQ(table.Rows()[0].error.count, 100u);
}

}  // namespace
}  // namespace lockstep
