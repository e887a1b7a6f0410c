#include "common/timeline/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNan;
using ::testing::SizeIs;

History ThreePoints() {
  History history;
  history.first = 6;
  history.points = 3;
  history.columns = {{"requests", {1, 2, 3}}};
  history.heat = {{{4, 1}}, {}, {{5, 2}}};
  history.metrics = {{"m", MetricType::kTrend, ValueType::kTime, {{"count", {7, 8, 9}}}}};
  history.agents = {{.name = "a", .columns = {{"vus", {1, 1, 2}}}}};
  history.requests = {{.kind = "HTTP", .method = "GET", .name = "/"}};
  return history;
}

TEST(PointsOf, AreThoseAndNothingElse) {
  const History part = PointsOf(ThreePoints(), 1, 3);
  EXPECT_EQ(part.first, 7u);
  EXPECT_EQ(part.points, 2u);
  EXPECT_THAT(part.columns[0].values, ElementsAre(2, 3));
  EXPECT_THAT(part.heat, ElementsAre(IsEmpty(), SizeIs(1)));
  EXPECT_THAT(part.metrics[0].columns[0].values, ElementsAre(8, 9));
  EXPECT_THAT(part.agents[0].columns[0].values, ElementsAre(1, 2));
  EXPECT_THAT(part.requests, IsEmpty());
  EXPECT_EQ(PointsOf(ThreePoints(), 2, 30).points, 1u);
  EXPECT_EQ(PointsOf(ThreePoints(), 30, 60).points, 0u);
}

TEST(AppendPoints, PartsComeToTheWhole) {
  History whole;
  for (uint64_t at = 0; at < 3; ++at) {
    AppendPoints(PointsOf(ThreePoints(), at, at + 1), &whole);
  }
  EXPECT_EQ(whole.points, 3u);
  EXPECT_THAT(whole.columns[0].values, ElementsAre(1, 2, 3));
  EXPECT_THAT(whole.heat, SizeIs(3));
  EXPECT_THAT(whole.metrics[0].columns[0].values, ElementsAre(7, 8, 9));
  EXPECT_THAT(whole.agents[0].columns[0].values, ElementsAre(1, 1, 2));
}

// As a Timeline has them of a time in which nothing was there yet.
TEST(AppendPoints, LanesThatComeLaterWereNotThereBefore) {
  History whole;
  History first;
  first.points = 1;
  first.columns = {{"requests", {1}}};
  first.heat = {{}};
  AppendPoints(first, &whole);
  History next = first;
  next.metrics = {{"counter", MetricType::kCounter, ValueType::kDefault, {{"rate", {5}}}},
                  {"rate", MetricType::kRate, ValueType::kDefault, {{"rate", {0.5}}}},
                  {"trend", MetricType::kTrend, ValueType::kTime, {{"count", {5}}, {"avg", {2}}}}};
  next.agents = {{.name = "a", .columns = {{"vus", {3}}, {"requests", {4}}, {"failed", {1}}}}};
  AppendPoints(next, &whole);
  EXPECT_THAT(whole.columns[0].values, ElementsAre(1, 1));
  EXPECT_THAT(whole.metrics[0].columns[0].values, ElementsAre(0, 5));
  EXPECT_THAT(whole.metrics[1].columns[0].values, ElementsAre(IsNan(), DoubleEq(0.5)));
  EXPECT_THAT(whole.metrics[2].columns[0].values, ElementsAre(0, 5));
  EXPECT_THAT(whole.metrics[2].columns[1].values, ElementsAre(IsNan(), DoubleEq(2)));
  EXPECT_THAT(whole.agents[0].columns[0].values, ElementsAre(IsNan(), DoubleEq(3)));
  EXPECT_THAT(whole.agents[0].columns[1].values, ElementsAre(0, 4));
  EXPECT_THAT(whole.agents[0].columns[2].values, ElementsAre(0, 1));
}

}  // namespace
}  // namespace lockstep
