#include "common/schedule/vu_steps.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/random.h"

namespace lockstep {
namespace {

// "0:4 1:5 2.5:6", times in seconds.
std::string Text(const std::vector<VuStep>& steps) {
  return absl::StrJoin(steps, " ", [](std::string* out, const VuStep& step) {
    absl::StrAppend(out, absl::ToDoubleSeconds(step.at), ":", step.vus);
  });
}

std::vector<LinearStage> Seconds(const std::vector<std::pair<int, int>>& stages) {
  std::vector<LinearStage> result;
  for (const auto& [target, seconds] : stages) {
    result.push_back({absl::Seconds(seconds), target});
  }
  return result;
}

// Stages of which the steps of k6 2.2.0 are known.
std::vector<LinearStage> GoldenStages() {
  return Seconds({{6, 2}, {1, 5}, {5, 4}, {1, 4}, {4, 3}, {4, 2}, {1, 0}, {1, 3}});
}

int64_t VusAt(const std::vector<VuStep>& steps, absl::Duration at) {
  int64_t vus = 0;
  for (const VuStep& step : steps) {
    vus = step.at <= at ? step.vus : vus;
  }
  return vus;
}

TEST(RampingVuSteps, GoldenOfK6) {
  EXPECT_EQ(Text(RampingVuSteps(4, GoldenStages(), SegmentTuple())),
            "0:4 1:5 2:6 3:5 4:4 5:3 6:2 7:1 8:2 9:3 10:4 11:5 12:4 13:3 14:2 15:1 16:2 17:3 18:4 "
            "20:1");
}

TEST(ReservedVuSteps, GoldensOfK6) {
  const auto steps = RampingVuSteps(4, GoldenStages(), SegmentTuple());
  const auto reserved = [&](int ramp_down, int stop) {
    return Text(
        ReservedVuSteps(steps, absl::Seconds(23), absl::Seconds(ramp_down), absl::Seconds(stop)));
  };
  EXPECT_EQ(reserved(30, 30), "0:4 1:5 2:6 33:5 42:4 50:1 53:0");
  EXPECT_EQ(reserved(30, 80), "0:4 1:5 2:6 33:5 42:4 50:1 103:0");
  EXPECT_EQ(reserved(30, 3), "0:4 1:5 2:6 26:0");
  EXPECT_EQ(reserved(30, 0), "0:4 1:5 2:6 23:0");
  // Without a graceful ramp-down the plan is the raw one.
  EXPECT_EQ(reserved(0, 0),
            "0:4 1:5 2:6 3:5 4:4 5:3 6:2 7:1 8:2 9:3 10:4 11:5 12:4 13:3 14:2 15:1 16:2 17:3 18:4 "
            "20:1 23:0");
}

TEST(ReservedVuSteps, WindowsThatEndBetweenRampsAreSeen) {
  // Down to 1 at 20 s, up to 3 at 22 s, 1 s of grace: VU 4 is gone at 21 s, VUs 2 and 3 too, and
  // come back.
  const auto steps =
      RampingVuSteps(4, Seconds({{4, 20}, {1, 0}, {1, 2}, {3, 0}, {3, 5}}), SegmentTuple());
  EXPECT_EQ(Text(steps), "0:4 20:1 22:3");
  EXPECT_EQ(Text(ReservedVuSteps(steps, absl::Seconds(27), absl::Seconds(1), absl::Seconds(2))),
            "0:4 21:1 22:3 29:0");
  EXPECT_EQ(Text(ReservedVuSteps(steps, absl::Seconds(27), absl::Seconds(3), absl::Seconds(2))),
            "0:4 23:3 29:0");
}

TEST(RampingVuSteps, JumpsOfZeroDurationAreOneStep) {
  EXPECT_EQ(Text(RampingVuSteps(1, Seconds({{10, 0}, {10, 5}, {3, 0}}), SegmentTuple())),
            "0:10 5:3");
  EXPECT_EQ(Text(RampingVuSteps(0, Seconds({{0, 7}}), SegmentTuple())), "0:0");
}

TEST(RampingVuSteps, TwoInstancesShareTheWholePlan) {
  const auto halves = *SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/2,1"));
  EXPECT_EQ(Text(RampingVuSteps(0, Seconds({{4, 4}, {0, 4}}), halves[0])), "0:0 1:1 3:2 6:1 8:0");
  EXPECT_EQ(Text(RampingVuSteps(0, Seconds({{4, 4}, {0, 4}}), halves[1])), "0:0 2:1 4:2 5:1 7:0");
}

class RandomRamps : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomRamps, InstancesAddUpToTheSingleInstancesPlanAtEveryInstant) {
  Random random(GetParam());
  const auto number = [&](uint64_t below) { return static_cast<int64_t>(random.Below(below)); };
  std::vector<LinearStage> stages(1 + random.Below(8));
  for (LinearStage& stage : stages) {
    stage = {absl::Milliseconds(number(4) == 0 ? 0 : number(5000)), number(25)};
  }
  const int64_t start = number(25);
  const absl::Duration ramp_down = absl::Milliseconds(number(4000));
  const absl::Duration stop = absl::Milliseconds(number(4000));
  const absl::Duration duration = TotalDuration(stages);
  std::vector<int64_t> weights(1 + random.Below(6));
  for (int64_t& weight : weights) {
    weight = 1 + number(9);
  }
  const auto whole = RampingVuSteps(start, stages, SegmentTuple());
  const auto whole_reserved = ReservedVuSteps(whole, duration, ramp_down, stop);
  std::vector<std::vector<VuStep>> parts;
  std::vector<std::vector<VuStep>> reserved_parts;
  const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::FromWeights(weights));
  for (const SegmentTuple& tuple : *tuples) {
    parts.push_back(RampingVuSteps(start, stages, tuple));
    reserved_parts.push_back(ReservedVuSteps(parts.back(), duration, ramp_down, stop));
  }
  std::vector<absl::Duration> instants;
  for (const auto* plan : {&whole, &whole_reserved}) {
    for (const VuStep& step : *plan) {
      instants.insert(instants.end(), {step.at, step.at - absl::Nanoseconds(1)});
    }
  }
  for (const absl::Duration at : instants) {
    int64_t sum = 0;
    int64_t reserved_sum = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      sum += VusAt(parts[i], at);
      reserved_sum += VusAt(reserved_parts[i], at);
    }
    ASSERT_EQ(sum, VusAt(whole, at)) << at;
    ASSERT_EQ(reserved_sum, VusAt(whole_reserved, at)) << at;
    ASSERT_TRUE(at >= duration || VusAt(whole_reserved, at) >= VusAt(whole, at)) << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRamps, ::testing::Range<uint64_t>(1, 61));

}  // namespace
}  // namespace lockstep
