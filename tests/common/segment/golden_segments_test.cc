// Every row of tests/data/golden_segments.json, which an independent implementation of the striping
// rule computed.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

#include "common/segment/execution_segment.h"

namespace lockstep {
namespace {

const nlohmann::json& Golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file("tests/data/golden_segments.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

std::vector<SegmentTuple> TuplesOf(const nlohmann::json& split) {
  const auto sequence = SegmentSequence::Parse(
      absl::StrJoin(split.at("points").get<std::vector<std::string>>(), ","));
  EXPECT_TRUE(sequence.ok()) << sequence.status();
  auto tuples = SegmentTuple::MakeAll(*sequence);
  EXPECT_TRUE(tuples.ok()) << tuples.status();
  return *std::move(tuples);
}

// "5vus/10it" -> {5, 10}; "rate2/s maxVUs3" -> {2, 3}.
std::vector<int64_t> NumbersIn(const std::string& key) {
  std::vector<int64_t> numbers;
  for (const absl::string_view part :
       absl::StrSplit(key, absl::ByAnyChar("abcdefghijklmnopqrstuvwxyzMVU/ "), absl::SkipEmpty())) {
    int64_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(part, &number)) << part;
    numbers.push_back(number);
  }
  return numbers;
}

TEST(GoldenSegments, FileIsThere) {
  EXPECT_GE(Golden().size(), 4u);
}

TEST(GoldenSegments, OwnersOfOnePeriod) {
  for (const auto& [name, split] : Golden().items()) {
    SCOPED_TRACE(name);
    const std::vector<SegmentTuple> tuples = TuplesOf(split);
    const auto owner = split.at("owner").get<std::vector<size_t>>();
    ASSERT_EQ(static_cast<int64_t>(owner.size()), split.at("lcd").get<int64_t>());
    for (size_t i = 0; i < owner.size(); ++i) {
      for (size_t k = 0; k < tuples.size(); ++k) {
        const auto n = static_cast<int64_t>(i);
        EXPECT_EQ(tuples[k].Scale(n + 1) - tuples[k].Scale(n), owner[i] == k ? 1 : 0) << i;
      }
    }
  }
}

TEST(GoldenSegments, Scale) {
  for (const auto& [name, split] : Golden().items()) {
    const std::vector<SegmentTuple> tuples = TuplesOf(split);
    for (const auto& [total, shares] : split.at("scale").items()) {
      SCOPED_TRACE(absl::StrCat(name, " ", total));
      for (size_t k = 0; k < tuples.size(); ++k) {
        EXPECT_EQ(tuples[k].Scale(NumbersIn(total).at(0)), shares.at(k).get<int64_t>()) << k;
      }
    }
  }
}

TEST(GoldenSegments, FirstVuIdsInTest) {
  for (const auto& [name, split] : Golden().items()) {
    SCOPED_TRACE(name);
    const std::vector<SegmentTuple> tuples = TuplesOf(split);
    for (size_t k = 0; k < tuples.size(); ++k) {
      const auto ids = split.at("vuIdInTest_first6").at(k).get<std::vector<int64_t>>();
      for (size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(tuples[k].Unscale(static_cast<int64_t>(i)) + 1, ids[i]);
      }
    }
  }
}

TEST(GoldenSegments, SharedIterationsFollowVus) {
  for (const auto& [name, split] : Golden().items()) {
    const std::vector<SegmentTuple> tuples = TuplesOf(split);
    for (const auto& [key, row] : split.at("shared").items()) {
      SCOPED_TRACE(absl::StrCat(name, " ", key));
      const std::vector<int64_t> numbers = NumbersIn(key);
      for (size_t k = 0; k < tuples.size(); ++k) {
        EXPECT_EQ(tuples[k].Scale(numbers.at(0)), row.at("vus").at(k).get<int64_t>());
        EXPECT_EQ(tuples[k].Scale(numbers.at(1)), row.at("naive").at(k).get<int64_t>());
        EXPECT_EQ(tuples[k].Retuple(numbers.at(0)).Scale(numbers.at(1)),
                  row.at("final").at(k).get<int64_t>());
      }
    }
  }
}

TEST(GoldenSegments, ConstantArrivalRateStartsFollowVus) {
  for (const auto& [name, split] : Golden().items()) {
    const std::vector<SegmentTuple> tuples = TuplesOf(split);
    for (const auto& [key, row] : split.at("car").items()) {
      SCOPED_TRACE(absl::StrCat(name, " ", key));
      const std::vector<int64_t> numbers = NumbersIn(key);
      for (size_t k = 0; k < tuples.size(); ++k) {
        const SegmentTuple mine = tuples[k].Retuple(numbers.at(1));
        EXPECT_EQ(mine.empty(), row.at(k).is_null());
        if (row.at(k).is_null()) {
          continue;
        }
        const auto starts = row.at(k).get<std::vector<double>>();
        for (size_t i = 0; i < starts.size(); ++i) {
          const auto global = mine.Unscale(static_cast<int64_t>(i));
          EXPECT_NEAR(static_cast<double>(global) / static_cast<double>(numbers.at(0)), starts[i],
                      1e-6);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lockstep
