#include "coordinator/journal/kept_charts.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/timeline/timeline.h"
#include "coordinator/journal/schema.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kRun = 7;

class KeptChartsTest : public ::testing::Test {
 public:
  ~KeptChartsTest() override { unlink(path_.c_str()); }

 protected:
  KeptChartsTest()
      : path_(absl::StrCat(::testing::TempDir(), "/lockstep_charts_", getpid(), "_",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    unlink(path_.c_str());
    database_ = *Database::Open(path_, /*create=*/true);
    EXPECT_TRUE(database_->Execute(kJournalTables).ok());
    timeline_.Start(t0_);
  }

  // A second passes, in which there are requests; from 41 s on there is a second agent.
  void Pass(int second) {
    Batch batch;
    batch.begin = t0_ + absl::Seconds(second);
    batch.end = batch.begin + absl::Seconds(1);
    batch.metrics = {{.name = "http_reqs", .type = MetricType::kCounter}};
    batch.tag_sets = {{{"status", "200"}}};
    Aggregate requests(MetricType::kCounter);
    requests.Add(1 + second % 7, absl::UnixEpoch());
    batch.series.push_back({.first_seen = {}, .aggregate = std::move(requests)});
    timeline_.Add(second % 2 == 1 && second > 40 ? "a2" : "a1", batch);
    timeline_.Tick({.elapsed = absl::Seconds(second + 1.6), .vus = second, .vus_max = 100});
  }
  void Keep(KeptCharts& charts) {
    const ChartsNow now{
        .changed = timeline_.TakeChanged(Timeline::kJournal), .since = [this](uint64_t first) {
          History history = timeline_.Freeze(first, /*last=*/false, absl::ZeroDuration());
          history.environment = {{"system", "this one"}};
          return history;
        }};
    SqlChanges changes;
    charts.Write(now, changes);
    ASSERT_TRUE(changes.RunOn(*database_).ok());
  }
  void CheckKept() {
    const absl::StatusOr<std::optional<History>> read = KeptCharts::Read(*database_, kRun);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_TRUE(read->has_value());
    const History& kept = **read;
    const History whole = timeline_.Freeze(0, /*last=*/false, absl::ZeroDuration());
    EXPECT_EQ(kept.step_s, whole.step_s);
    EXPECT_EQ(kept.points, whole.points);
    EXPECT_EQ(kept.environment.at(0).second, "this one");
    EXPECT_THAT(kept.agents, SizeIs(whole.agents.size()));
    for (const HistoryColumn& column : whole.columns) {
      const auto found =
          std::find_if(kept.columns.begin(), kept.columns.end(),
                       [&column](const auto& each) { return each.name == column.name; });
      ASSERT_NE(found, kept.columns.end());
      ASSERT_THAT(found->values, SizeIs(whole.points));
      for (size_t i = 0; i < whole.points; ++i) {
        EXPECT_TRUE(Alike(found->values[i], column.values[i])) << column.name << " " << i;
      }
    }
  }
  // Numbers are kept with five digits.
  static bool Alike(double a, double b) {
    return std::isnan(b) ? std::isnan(a) : std::abs(a - b) <= 1e-4 * std::abs(b);
  }

  const std::string path_;
  const absl::Time t0_ = absl::FromUnixSeconds(1000);
  std::unique_ptr<Database> database_;
  Timeline timeline_;
};

TEST_F(KeptChartsTest, AreReadAsTheyWere) {
  KeptCharts charts(kRun);
  for (int second = 0; second < 100; ++second) {
    Pass(second);
    Keep(charts);
  }
  CheckKept();
}

// More than a Timeline has points: neighbours are put together, and all is written again.
TEST_F(KeptChartsTest, AndWhenPointsBecomeLonger) {
  KeptCharts charts(kRun);
  for (int second = 0; second < static_cast<int>(Timeline::kMostPoints) + 50; ++second) {
    Pass(second);
    if (second % 500 == 0) {
      Keep(charts);
    }
  }
  Keep(charts);
  EXPECT_EQ(timeline_.Freeze(0, false, absl::ZeroDuration()).step_s, 2);
  CheckKept();
}

TEST_F(KeptChartsTest, AnotherProcessHasPointsOfItsOwn) {
  KeptCharts charts(kRun);
  for (int second = 0; second < 70; ++second) {
    Pass(second);
  }
  Keep(charts);
  CheckKept();
  timeline_ = Timeline();
  timeline_.Start(t0_);
  Pass(20);
  KeptCharts next(kRun);
  Keep(next);
  CheckKept();
}

TEST_F(KeptChartsTest, ARunThatNobodyRecordedHasNone) {
  EXPECT_FALSE((*KeptCharts::Read(*database_, kRun)).has_value());
}

TEST_F(KeptChartsTest, WhatMakesNoSenseIsSaid) {
  KeptCharts charts(kRun);
  Pass(0);
  Pass(1);
  Keep(charts);
  ASSERT_TRUE(database_->Execute("UPDATE chart SET first = 5 WHERE first = 0").ok());
  EXPECT_THAT(std::string(KeptCharts::Read(*database_, kRun).status().message()),
              HasSubstr("chart 5: does not follow the one before it"));
  ASSERT_TRUE(database_->Execute("UPDATE chart SET history = '[' WHERE first = -1").ok());
  EXPECT_EQ(KeptCharts::Read(*database_, kRun).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lockstep::coordinator
