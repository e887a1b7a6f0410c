#include "common/options/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace lockstep {
namespace {

struct Good {
  const char* text;
  int64_t nanos;
};

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1000 * kMs;

TEST(ParseDuration, ReadsUnitsDaysFractionsAndMilliseconds) {
  constexpr Good kCases[] = {
      {"1m30s", 90 * kSecond},
      {"1.5s", 1500 * kMs},
      {"1d12h", 36 * 3600 * kSecond},
      {"1d2h30m", (26 * 60 + 30) * 60 * kSecond},
      {"1h2m3.5s", 3723500 * kMs},
      {"300us", 300'000},
      {"300\u00b5s", 300'000},
      {"300\u03bcs", 300'000},
      {"7ns", 7},
      {"1.000000001s", kSecond + 1},
      {"0.5m", 30 * kSecond},
      {".5s", 500 * kMs},
      {"5.s", 5 * kSecond},
      {"-1s", -kSecond},
      {"+1s", kSecond},
      {"0", 0},
      {"0s", 0},
      {"4500", 4500 * kMs},
      {"1.5", 1'500'000},
      {" 1s ", kSecond},
      {"1m1m", 120 * kSecond},
      {"106751d", 106751LL * 24 * 3600 * kSecond},
  };
  for (const Good& good : kCases) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(good.text);
    ASSERT_TRUE(duration.ok()) << good.text << ": " << duration.status();
    EXPECT_EQ(absl::ToInt64Nanoseconds(*duration), good.nanos) << good.text;
  }
}

TEST(ParseDuration, RefusesAnythingElseAndShowsIt) {
  for (const char* text : {"", "10 parsecs", "5x", "s", ".", ".s", "1m30", "1s-1s", "1h1d", "1.5d",
                           "--1s", "1e3s", "NaN", "inf", "1,5s", "one"}) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_EQ(duration.status().message(), std::string("invalid duration \"") + text +
                                               "\": expected a string with units such as "
                                               "\"1m30s\", \"1.5s\" or \"1d12h\", or a number of "
                                               "milliseconds");
  }
}

TEST(ParseDuration, RefusesMoreThanItCanCount) {
  for (const char* text :
       {"106752d", "99999999999999999999999999999s", "9223372036855", "2562048h"}) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_EQ(duration.status().message(), std::string("invalid duration \"") + text +
                                               "\": expected at most 106751d (292 years)");
  }
}

TEST(ParseDurationWithUnit, NeedsAUnitExceptForZero) {
  EXPECT_EQ(*ParseDurationWithUnit("0"), absl::ZeroDuration());
  EXPECT_EQ(*ParseDurationWithUnit("1d"), absl::Hours(24));
  EXPECT_EQ(ParseDurationWithUnit("30").status().message(),
            "invalid duration \"30\": expected a number with a unit, such as 500ms, 1m30s or 1.5s");
}

TEST(DurationFromJson, TakesNumbersAsMilliseconds) {
  EXPECT_EQ(*DurationFromJson(1500), absl::Milliseconds(1500));
  EXPECT_EQ(*DurationFromJson(0.25), absl::Microseconds(250));
  EXPECT_EQ(*DurationFromJson(-5), absl::Milliseconds(-5));
  EXPECT_EQ(*DurationFromJson("1500"), absl::Milliseconds(1500));
}

TEST(DurationFromJson, RefusesOtherTypesAndShowsThem) {
  EXPECT_THAT(std::string(DurationFromJson({{"seconds", 5}}).status().message()),
              ::testing::StartsWith("invalid value {\"seconds\":5}: expected a string"));
  for (const nlohmann::json& value :
       {nlohmann::json(true), nlohmann::json(nullptr), nlohmann::json(1e300)}) {
    EXPECT_FALSE(DurationFromJson(value).ok()) << value;
  }
}

TEST(DurationText, IsThatOfGo) {
  constexpr struct {
    int64_t nanos;
    const char* text;
  } kCases[] = {{0, "0s"},
                {1, "1ns"},
                {1100, "1.1\u00b5s"},
                {300'000, "300\u00b5s"},
                {2'200'000, "2.2ms"},
                {500 * kMs, "500ms"},
                {kSecond, "1s"},
                {1500 * kMs, "1.5s"},
                {60 * kSecond, "1m0s"},
                {90 * kSecond, "1m30s"},
                {3600 * kSecond, "1h0m0s"},
                {95400 * kSecond, "26h30m0s"},
                {kSecond + 1, "1.000000001s"},
                {-1500 * kMs, "-1.5s"}};
  for (const auto& [nanos, text] : kCases) {
    EXPECT_EQ(DurationText(absl::Nanoseconds(nanos)), text);
    EXPECT_EQ(*ParseDuration(text), absl::Nanoseconds(nanos)) << text;
  }
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "inf");
}

}  // namespace
}  // namespace lockstep
