// What the partition promises, over random sequences, rules, executors and values: the parts are
// the whole, for every number of the plan and at every instant.
//
// LOCKSTEP_SIM_SEED=N replays one case.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/random.h"
#include "common/plan/plan.h"
#include "tests/support/seeds.h"

namespace lockstep {
namespace {

constexpr uint64_t kCases = 12'000;
constexpr size_t kAll = 1'000'000;

class Case {
 public:
  explicit Case(uint64_t seed) : random_(seed) {
    weights_.resize(1 + random_.Below(7));
    for (int64_t& weight : weights_) {
      weight = random_.Below(8) == 0 ? Number(1, 150) : Number(1, 9);
    }
    partition_ = random_.Below(2) == 0 ? Partition::kStriped : Partition::kFair;
    scenario_.name = "s";
    scenario_.start_time = absl::Milliseconds(Number(0, 500));
    scenario_.graceful_stop = absl::Milliseconds(Number(0, 3000));
    scenario_.executor = Executor();
  }

  void Check() {
    const auto sequence = SegmentSequence::FromWeights(weights_);
    ASSERT_TRUE(sequence.ok()) << sequence.status();
    const auto tuples = SegmentTuple::MakeAll(*sequence, partition_);
    ASSERT_TRUE(tuples.ok()) << tuples.status();
    whole_ = *PlanScenario(scenario_, SegmentTuple());
    for (const SegmentTuple& tuple : *tuples) {
      parts_.push_back(*PlanScenario(scenario_, tuple));
    }
    CheckSums();
    CheckShares(*tuples);
    CheckStarts();
    CheckVusAtEveryInstant();
    CheckNumbersOfIterations();
    CheckVuIds(*tuples);
  }

 private:
  int64_t Number(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most - least + 1)));
  }
  std::vector<Stage> Stages(int64_t most) {
    std::vector<Stage> stages(1 + random_.Below(4));
    for (Stage& stage : stages) {
      stage = {absl::Milliseconds(random_.Below(4) == 0 ? 0 : Number(1, 3000)), Number(0, most)};
    }
    return stages;
  }
  ExecutorConfig Executor() {
    const int64_t vus = Number(1, 30);
    const absl::Duration duration = absl::Milliseconds(Number(1000, 3000));
    const absl::Duration unit = absl::Milliseconds(Number(1, 3000));
    switch (random_.Below(7)) {
      case 0:
        return SharedIterationsConfig{vus, vus + Number(0, 100)};
      case 1:
        return PerVuIterationsConfig{vus, Number(1, 9)};
      case 2:
        return ConstantVusConfig{vus, duration};
      case 3:
        return RampingVusConfig{Number(0, 20), Stages(20), absl::Milliseconds(Number(0, 3000))};
      case 4:
        return ConstantArrivalRateConfig{Number(1, 40), unit, absl::Milliseconds(Number(1, 2000)),
                                         Number(0, vus), vus};
      case 5:
        return RampingArrivalRateConfig{Number(0, 40), absl::Seconds(1), Stages(40), Number(0, vus),
                                        vus};
      default:
        return ExternallyControlledConfig{Number(0, vus), vus, duration};
    }
  }

  template <class Member>
  int64_t Sum(Member member) const {
    int64_t sum = 0;
    for (const ScenarioPlan& part : parts_) {
      sum += part.*member;
    }
    return sum;
  }

  void CheckSums() {
    EXPECT_EQ(Sum(&ScenarioPlan::planned_vus), whole_.planned_vus);
    EXPECT_EQ(Sum(&ScenarioPlan::max_vus), whole_.max_vus);
    for (const ScenarioPlan& part : parts_) {
      EXPECT_EQ(part.iterations < 0, whole_.iterations < 0);
      EXPECT_TRUE(part.max_vus > 0 || part.iterations <= 0) << "work without a VU";
    }
    if (whole_.iterations >= 0) {
      EXPECT_EQ(Sum(&ScenarioPlan::iterations), whole_.iterations);
    }
  }
  // Totals far greater than what can be played.
  void CheckShares(const std::vector<SegmentTuple>& tuples) {
    const int64_t total = Number(0, 1'000'000'000'000'000);
    int64_t sum = 0;
    for (const SegmentTuple& tuple : tuples) {
      const int64_t share = tuple.Scale(total);
      sum += share;
      if (share > 0) {
        const int64_t last = tuple.Unscale(share - 1);
        EXPECT_LT(last, total);
        EXPECT_EQ(tuple.Scale(last), share - 1);
        EXPECT_EQ(tuple.Scale(last + 1), share);
      }
    }
    EXPECT_EQ(sum, total);
  }
  void CheckStarts() {
    std::vector<absl::Duration> merged;
    for (const ScenarioPlan& part : parts_) {
      const std::vector<absl::Duration> starts = FirstStarts(part, kAll);
      EXPECT_TRUE(std::is_sorted(starts.begin(), starts.end()));
      if (part.has_work) {
        EXPECT_EQ(starts.empty() ? std::optional<absl::Duration>() : starts.front(),
                  part.first_start);
      }
      merged.insert(merged.end(), starts.begin(), starts.end());
    }
    std::sort(merged.begin(), merged.end());
    EXPECT_EQ(merged, FirstStarts(whole_, kAll));
  }
  static int64_t VusAt(const std::vector<VuStep>& steps, absl::Duration at) {
    int64_t vus = 0;
    for (const VuStep& step : steps) {
      vus = step.at <= at ? step.vus : vus;
    }
    return vus;
  }
  void CheckVusAtEveryInstant() {
    for (const auto steps : {&ScenarioPlan::wanted, &ScenarioPlan::reserved}) {
      for (const VuStep& step : whole_.*steps) {
        for (const absl::Duration at : {step.at - absl::Nanoseconds(1), step.at}) {
          int64_t sum = 0;
          for (const ScenarioPlan& part : parts_) {
            sum += VusAt(part.*steps, at);
          }
          EXPECT_EQ(sum, VusAt(whole_.*steps, at)) << at;
        }
      }
    }
  }
  // No iterationInTest twice; and none left out, where the work is dealt out in two tiers: there an
  // instance has numbers in proportion to its work. Elsewhere numbers go by the segment (as k6's
  // do), and an instance with less work than others leaves its last ones unused.
  void CheckNumbersOfIterations() {
    std::vector<int64_t> numbers;
    for (const ScenarioPlan& part : parts_) {
      const int64_t mine =
          part.iterations >= 0 ? part.iterations : part.iterations_segment.Scale(200);
      for (int64_t i = 0; part.has_work && i < mine; ++i) {
        numbers.push_back(part.iterations_segment.Unscale(i));
      }
    }
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
    const bool by_segment = std::holds_alternative<PerVuIterationsConfig>(scenario_.executor);
    if (whole_.iterations > 0 && !by_segment) {
      EXPECT_EQ(numbers.front(), 0);
      EXPECT_EQ(numbers.back(), whole_.iterations - 1);
      EXPECT_EQ(static_cast<int64_t>(numbers.size()), whole_.iterations);
    }
  }
  // Every idInTest exactly once, 1 to the most VUs.
  void CheckVuIds(const std::vector<SegmentTuple>& tuples) {
    std::vector<int64_t> ids;
    for (size_t k = 0; k < parts_.size(); ++k) {
      for (int64_t i = 0; i < parts_[k].max_vus; ++i) {
        ids.push_back(tuples[k].Unscale(i) + 1);
      }
    }
    std::sort(ids.begin(), ids.end());
    std::vector<int64_t> expected(static_cast<size_t>(whole_.max_vus));
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] = static_cast<int64_t>(i) + 1;
    }
    EXPECT_EQ(ids, expected);
  }

  Random random_;
  std::vector<int64_t> weights_;
  Partition partition_ = Partition::kStriped;
  ScenarioConfig scenario_;
  ScenarioPlan whole_;
  std::vector<ScenarioPlan> parts_;
};

TEST(Partition, ThePartsAreTheWholeInTwelveThousandCases) {
  for (const uint64_t seed : lockstep::testing::Seeds(kCases)) {
    SCOPED_TRACE(absl::StrCat("LOCKSTEP_SIM_SEED=", seed));
    Case(seed).Check();
  }
}

}  // namespace
}  // namespace lockstep
