#include "common/segment/execution_segment.h"

#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/random.h"

namespace lockstep {
namespace {

std::vector<SegmentTuple> Tuples(absl::string_view sequence) {
  const auto parsed = SegmentSequence::Parse(sequence);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  auto tuples = SegmentTuple::MakeAll(*parsed);
  EXPECT_TRUE(tuples.ok()) << tuples.status();
  return *std::move(tuples);
}

// Which segment owns each of the first `count` elements: "0102".
std::string Owners(const std::vector<SegmentTuple>& tuples, int64_t count) {
  std::string owners;
  for (int64_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < tuples.size(); ++k) {
      if (tuples[k].Scale(i + 1) > tuples[k].Scale(i)) {
        absl::StrAppend(&owners, k);
      }
    }
  }
  return owners;
}

std::vector<int64_t> Shares(const std::vector<SegmentTuple>& tuples, int64_t total) {
  std::vector<int64_t> shares;
  for (const SegmentTuple& tuple : tuples) {
    shares.push_back(tuple.Scale(total));
  }
  return shares;
}

TEST(ExecutionSegment, ParsesEveryForm) {
  const struct {
    const char* text;
    const char* canonical;
  } kRows[] = {
      {"", "0:1"},
      {"20%", "0:1/5"},
      {"0.2", "0:1/5"},
      {"1/5", "0:1/5"},
      {"1/5:2/5", "1/5:2/5"},
      {"2/6:2/3", "1/3:2/3"},
      {"0:1", "0:1"},
      {"50%:1", "1/2:1"},
      {"12.5%", "0:1/8"},
      {".25:0.75", "1/4:3/4"},
      {"1", "0:1"},
      {"100%", "0:1"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.text);
    const auto segment = ExecutionSegment::Parse(row.text);
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_EQ(segment->ToString(), row.canonical);
  }
}

TEST(ExecutionSegment, RefusesEverythingElseAndSaysWhy) {
  const std::string forms =
      R"(is not a border; a border is a fraction "1/5", a decimal "0.2" or a percentage "20%")";
  const struct {
    const char* text;
    std::string message;
  } kRows[] = {
      {"abc", R"(execution segment "abc": "abc" )" + forms},
      {"-1/5", R"(execution segment "-1/5": "-1/5" )" + forms},
      {"1/0", R"(execution segment "1/0": "1/0" )" + forms},
      {"1/5:", R"(execution segment "1/5:": "" )" + forms},
      {"1/5:2/5:3/5", R"(execution segment "1/5:2/5:3/5": "2/5:3/5" )" + forms},
      {"0.", R"(execution segment "0.": "0." )" + forms},
      {" 1/5", R"(execution segment " 1/5": " 1/5" )" + forms},
      {"1e-1", R"(execution segment "1e-1": "1e-1" )" + forms},
      {"1/99999999999999999999",
       R"(execution segment "1/99999999999999999999": "1/99999999999999999999" )" + forms},
      {"0.00000000000000000001",
       R"(execution segment "0.00000000000000000001": "0.00000000000000000001" )" + forms},
      {"120%", R"(execution segment "120%": border 120% is greater than 1)"},
      {"0", R"(execution segment "0": its end 0 must be greater than its begin 0)"},
      {"2/5:1/5", R"(execution segment "2/5:1/5": its end 1/5 must be greater than its begin 2/5)"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.text);
    const auto segment = ExecutionSegment::Parse(row.text);
    EXPECT_EQ(segment.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(segment.status().message(), row.message);
  }
}

TEST(SegmentSequence, FillsHeadAndTail) {
  EXPECT_EQ(SegmentSequence::Parse("1/4,1/2")->ToString(), "0,1/4,1/2,1");
  EXPECT_EQ(SegmentSequence::Parse("0,25%,0.5,1")->ToString(), "0,1/4,1/2,1");
  EXPECT_EQ(SegmentSequence::Parse("")->ToString(), "0,1");
  EXPECT_EQ(SegmentSequence().ToString(), "0,1");
}

TEST(SegmentSequence, RefusesBordersThatDoNotIncrease) {
  EXPECT_EQ(SegmentSequence::Parse("0,1/2,1/3,1").status().message(),
            "execution segment sequence \"0,1/2,1/3,1\": border 1/3 must be greater than the one "
            "before it, 1/2");
  EXPECT_EQ(
      SegmentSequence::Parse("0,0,1").status().message(),
      R"(execution segment sequence "0,0,1": border 0 must be greater than the one before it, 0)");
  EXPECT_EQ(SegmentSequence::Parse("0,x,1").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SegmentSequence::Parse("0,1/2,1,").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SegmentSequence, AroundFillsWhatIsLeft) {
  const auto around = [](absl::string_view text) {
    return SegmentSequence::Around(*ExecutionSegment::Parse(text)).ToString();
  };
  EXPECT_EQ(around("1/6:3/6"), "0,1/6,1/2,1");
  EXPECT_EQ(around("25%"), "0,1/4,1");
  EXPECT_EQ(around("3/4:1"), "0,3/4,1");
  EXPECT_EQ(around(""), "0,1");
}

TEST(SegmentSequence, FindsASegmentOrNamesBoth) {
  const auto sequence = SegmentSequence::Parse("0,1/3,2/3,1");
  EXPECT_EQ(*sequence->Find(*ExecutionSegment::Parse("1/3:2/3")), 1u);
  EXPECT_EQ(*sequence->Find(*ExecutionSegment::Parse("4/6:1")), 2u);
  const auto missing = sequence->Find(*ExecutionSegment::Parse("1/5:2/5"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(),
            "provided segment 1/5:2/5 can't be found in sequence 0,1/3,2/3,1");
}

TEST(SegmentSequence, WeightsGiveLengths) {
  EXPECT_EQ(SegmentSequence::FromWeights({1, 1, 1})->ToString(), "0,1/3,2/3,1");
  EXPECT_EQ(SegmentSequence::FromWeights({2, 0, 1, 1})->ToString(), "0,1/2,3/4,1");
  EXPECT_EQ(SegmentSequence::FromWeights({0, 7})->ToString(), "0,1");
}

TEST(SegmentSequence, BadWeightsAreNamed) {
  EXPECT_EQ(SegmentSequence::FromWeights({1, -2}).status().message(),
            "weights[1]: must be >= 0, got -2");
  EXPECT_EQ(SegmentSequence::FromWeights({0, 0}).status().message(),
            "weights: at least one must be > 0");
  EXPECT_EQ(SegmentSequence::FromWeights({}).status().message(),
            "weights: at least one must be > 0");
  EXPECT_EQ(SegmentSequence::FromWeights({INT64_MAX, 1}).status().message(),
            "weights: their sum exceeds 2^63 - 1");
}

// Which segment owns the n-th unit, as k6 2.2.0 stripes them.
TEST(SegmentTuple, OwnerPatterns) {
  EXPECT_EQ(Owners(Tuples("0,1/2,1"), 4), "0101");
  EXPECT_EQ(Owners(Tuples("0,1/3,2/3,1"), 6), "012012");
  EXPECT_EQ(Owners(Tuples("0,1/4,1/2,3/4,1"), 4), "0123");
  EXPECT_EQ(Owners(Tuples("0,1/2,3/4,1"), 8), "01020102");
  EXPECT_EQ(Owners(Tuples("0,60%,1"), 5), "01010");
  EXPECT_EQ(Owners(Tuples("0,10%,50%,1"), 10), "2121212021");
}

// Shares that k6 2.2.0 computes.
TEST(SegmentTuple, IterationsFollowVus) {
  const struct {
    const char* sequence;
    int64_t vus;
    int64_t iterations;
    std::vector<int64_t> vu_shares;
    std::vector<int64_t> naive;
    std::vector<int64_t> shares;
  } kRows[] = {
      {"0,1/3,2/3,1", 2, 3, {1, 1, 0}, {1, 1, 1}, {2, 1, 0}},
      {"0,1/10,1/2,1", 2, 3, {0, 1, 1}, {0, 1, 2}, {0, 2, 1}},
      {"0,1/2,1", 5, 10, {3, 2}, {5, 5}, {6, 4}},
      {"0,1/3,2/3,1", 5, 10, {2, 2, 1}, {4, 3, 3}, {4, 4, 2}},
      {"0,1/4,1/2,3/4,1", 5, 10, {2, 1, 1, 1}, {3, 3, 2, 2}, {4, 2, 2, 2}},
      {"0,1/2,3/4,1", 5, 10, {3, 1, 1}, {5, 3, 2}, {6, 2, 2}},
      {"0,1/3,2/3,1", 7, 50, {3, 2, 2}, {17, 17, 16}, {22, 14, 14}},
      {"0,1/4,1/2,3/4,1", 7, 50, {2, 2, 2, 1}, {13, 13, 12, 12}, {15, 14, 14, 7}},
      {"0,1/3,2/3,1", 4, 100, {2, 1, 1}, {34, 33, 33}, {50, 25, 25}},
      {"0,1/2,3/4,1", 10, 101, {5, 3, 2}, {51, 25, 25}, {51, 30, 20}},
      {"0,1/100,1", 2, 2, {1, 1}, {1, 1}, {1, 1}},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(absl::StrCat(row.sequence, " ", row.vus, "/", row.iterations));
    const std::vector<SegmentTuple> tuples = Tuples(row.sequence);
    EXPECT_EQ(Shares(tuples, row.vus), row.vu_shares);
    EXPECT_EQ(Shares(tuples, row.iterations), row.naive);
    std::vector<SegmentTuple> second_tier;
    for (const SegmentTuple& tuple : tuples) {
      second_tier.push_back(tuple.Retuple(row.vus));
    }
    EXPECT_EQ(Shares(second_tier, row.iterations), row.shares);
  }
}

TEST(SegmentTuple, WithoutVusThereIsNoWork) {
  const SegmentTuple third = Tuples("0,1/3,2/3,1")[2].Retuple(2);
  EXPECT_TRUE(third.empty());
  EXPECT_EQ(third.Scale(1'000'000), 0);
  EXPECT_EQ(third.Unscale(0), -1);
  EXPECT_EQ(third.length(), (Fraction{0, 1}));
  const SegmentTuple nobody = SegmentTuple().Retuple(0);
  EXPECT_TRUE(nobody.empty());
  EXPECT_EQ(nobody.Scale(5), 0);
}

TEST(SegmentTuple, TheWholeOwnsEverything) {
  const SegmentTuple whole;
  EXPECT_EQ(whole.Scale(12345), 12345);
  EXPECT_EQ(whole.Unscale(12345), 12345);
  EXPECT_EQ(whole.length(), (Fraction{1, 1}));
  EXPECT_FALSE(whole.empty());
}

TEST(SegmentTuple, UnscaleOverflowsToMinusOne) {
  EXPECT_EQ(Tuples("0,1/3,2/3,1")[1].Unscale(INT64_MAX / 2), -1);
  EXPECT_EQ(SegmentTuple().Unscale(INT64_MAX), INT64_MAX);
  EXPECT_EQ(SegmentTuple().Unscale(-1), -1);
}

TEST(SegmentTuple, TooFineASequenceIsRefused) {
  const auto sequence = SegmentSequence::Parse("0,1/16777217,1");
  EXPECT_EQ(SegmentTuple::Make(*sequence, 0).status().message(),
            "execution segment sequence 0,1/16777217,1: the least common denominator of its "
            "lengths exceeds 16777216");
  const auto overflowing =
      SegmentSequence::Parse("0,1/9223372036854775807,1/9223372036854775806,1");
  EXPECT_EQ(SegmentTuple::Make(*overflowing, 0).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SegmentTuple::Make(SegmentSequence(), 1).status().message(),
            "segment index 1: the sequence 0,1 has 1 segments");
}

TEST(SegmentTuple, HugeVuCountsKeepTheSegmentsProportions) {
  const std::vector<SegmentTuple> tuples = Tuples("0,1/3,2/3,1");
  int64_t sum = 0;
  for (const SegmentTuple& tuple : tuples) {
    sum += tuple.Retuple(99'999'999'998).Scale(1'000'003);
  }
  EXPECT_EQ(sum, 1'000'003);
}

std::vector<SegmentTuple> Fair(absl::string_view sequence) {
  return *SegmentTuple::MakeAll(*SegmentSequence::Parse(sequence), Partition::kFair);
}

TEST(FairPartition, OnePercentOfTwoVusIsNoVu) {
  const std::vector<SegmentTuple> tuples = Fair("0,1/100,1");
  EXPECT_EQ(Shares(tuples, 2), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(Shares(tuples, 50), (std::vector<int64_t>{0, 50}));
  EXPECT_EQ(Shares(tuples, 51), (std::vector<int64_t>{1, 50}));
  EXPECT_EQ(Shares(tuples, 100), (std::vector<int64_t>{1, 99}));
  EXPECT_EQ(Shares(tuples, 150), (std::vector<int64_t>{1, 149}));
  EXPECT_EQ(Shares(tuples, 151), (std::vector<int64_t>{2, 149}));
  EXPECT_EQ(Shares(Tuples("0,1/100,1"), 2), (std::vector<int64_t>{1, 1}));  // as k6 does
  EXPECT_TRUE(tuples[0].Retuple(2).empty());  // and without a VU, no iteration
}

// Turns are taken at (2t + 1) / n: 10% at 1, 3, ...; 40% at 1/4, 3/4, 5/4, 7/4; 50% at 1/5, 3/5, 1,
// 7/5, 9/5; at 1 the longest goes first.
TEST(FairPartition, OwnersFollowTheirTurns) {
  EXPECT_EQ(Owners(Fair("0,10%,50%,1"), 10), "2121201212");
  EXPECT_EQ(Owners(Fair("0,1/2,3/4,1"), 4), "0120");
}

TEST(FairPartition, EqualSegmentsTakeTurns) {
  EXPECT_EQ(Owners(Fair("0,1/3,2/3,1"), 6), "012012");
  EXPECT_EQ(Owners(Tuples("0,1/3,2/3,1"), 6), "012012");
}

TEST(FairPartition, TheSecondTierKeepsTheRule) {
  const std::vector<SegmentTuple> tuples = Fair("0,1/100,1");
  EXPECT_EQ(tuples[0].Retuple(100).partition(), Partition::kFair);
  EXPECT_EQ(tuples[0].Retuple(100).Scale(2), 0);
  EXPECT_EQ(tuples[1].Retuple(100).Scale(2), 2);
}

// No share of two segments is further than half an element from what is due to it.
TEST(FairPartition, OfTwoSegmentsNeitherIsOffByMoreThanAHalf) {
  for (const int64_t weight : {1, 3, 7, 49}) {
    const auto tuples = *SegmentTuple::MakeAll(
        *SegmentSequence::FromWeights({weight, 100 - weight}), Partition::kFair);
    for (int64_t total = 0; total <= 300; ++total) {
      EXPECT_LE(std::abs(tuples[0].Scale(total) * 100 - total * weight) * 2, 100);
    }
  }
}

TEST(SegmentTuple, WeightsThatHaveACommonDivisorOrNoneAreExact) {
  const auto tuples = *SegmentTuple::MakeAll(*SegmentSequence::FromWeights({1'000'003, 1}));
  EXPECT_EQ(tuples[0].Scale(1'000'004), 1'000'003);
  EXPECT_EQ(tuples[1].Scale(1'000'004), 1);
  const auto reduced =
      *SegmentTuple::MakeAll(*SegmentSequence::FromWeights({3'000'000'000'000, 1'000'000'000'000}));
  EXPECT_EQ(reduced[0].Scale(8), 6);
}

// The laws that everything else relies on, over random sequences.
class RandomSequences : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomSequences, SharesAddUpGrowAndInvert) {
  Random random(GetParam());
  std::vector<int64_t> weights(1 + random.Below(12));
  for (int64_t& weight : weights) {
    weight = static_cast<int64_t>(random.Below(20));
  }
  weights.push_back(1);
  const auto sequence = SegmentSequence::FromWeights(weights);
  ASSERT_TRUE(sequence.ok());
  const Partition partition = random.Below(2) == 1 ? Partition::kFair : Partition::kStriped;
  auto tuples = *SegmentTuple::MakeAll(*sequence, partition);
  if (random.Below(2) == 1) {
    const auto vus = static_cast<int64_t>(random.Below(40));
    for (SegmentTuple& tuple : tuples) {
      tuple = tuple.Retuple(1 + vus);
    }
  }
  std::vector<int64_t> before(tuples.size(), 0);
  for (int64_t total = 0; total < 700; ++total) {
    const std::vector<int64_t> shares = Shares(tuples, total);
    ASSERT_EQ(std::accumulate(shares.begin(), shares.end(), int64_t{0}), total);
    for (size_t k = 0; k < tuples.size(); ++k) {
      ASSERT_GE(shares[k], before[k]);
      if (shares[k] > before[k]) {
        ASSERT_EQ(tuples[k].Unscale(before[k]), total - 1);
      }
    }
    before = shares;
  }
}

TEST_P(RandomSequences, WholePeriodsGiveExactProportions) {
  Random random(GetParam());
  std::vector<int64_t> weights(2 + random.Below(6));
  int64_t sum = 0;
  for (int64_t& weight : weights) {
    weight = 1 + static_cast<int64_t>(random.Below(9));
    sum += weight;
  }
  const auto tuples =
      *SegmentTuple::MakeAll(*SegmentSequence::FromWeights(weights),
                             random.Below(2) == 1 ? Partition::kFair : Partition::kStriped);
  for (size_t k = 0; k < tuples.size(); ++k) {
    EXPECT_EQ(tuples[k].Scale(sum * 1000), weights[k] * 1000);
    EXPECT_EQ(tuples[k].length().numerator * sum, weights[k] * tuples[k].length().denominator);
  }
}

TEST_P(RandomSequences, ParsingWhatIsPrintedGivesTheSame) {
  Random random(GetParam());
  std::vector<int64_t> weights(1 + random.Below(6));
  for (int64_t& weight : weights) {
    weight = 1 + static_cast<int64_t>(random.Below(1000));
  }
  const auto sequence = SegmentSequence::FromWeights(weights);
  EXPECT_EQ(SegmentSequence::Parse(sequence->ToString())->segments(), sequence->segments());
  for (const ExecutionSegment& segment : sequence->segments()) {
    EXPECT_EQ(*ExecutionSegment::Parse(segment.ToString()), segment);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSequences, ::testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace lockstep
