#include "common/summary/format.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

// What k6 2.2.0 prints for these values.
TEST(FormatDuration, CutsOffAndPicksTheUnit) {
  const std::pair<double, const char*> cases[] = {
      {0, "0s"},        {0.0005, "500ns"},     {0.5, "500µs"},
      {1.5, "1.5ms"},   {123.456, "123.45ms"}, {999.999, "999.99ms"},
      {1000, "1s"},     {1119.9, "1.11s"},     {60000, "1m0s"},
      {61000, "1m1s"},  {3723000, "1h2m3s"},   {90061500, "25h1m1s"},
      {-1.5, "-1.5ms"},
  };
  for (const auto& [milliseconds, text] : cases) {
    EXPECT_EQ(FormatDuration(milliseconds, ""), text);
  }
}

TEST(FormatDuration, KeepsToAUnitThatWasAskedFor) {
  EXPECT_EQ(FormatDuration(1234.5678, "s"), "1.23s");
  EXPECT_EQ(FormatDuration(1234.5678, "ms"), "1234.57ms");
  EXPECT_EQ(FormatDuration(1234.5678, "us"), "1234567.80µs");
}

TEST(FormatPercent, NeverRoundsUpToAll) {
  EXPECT_EQ(FormatPercent(0.99999), "99.99%");
  EXPECT_EQ(FormatPercent(1), "100.00%");
  EXPECT_EQ(FormatPercent(0.25), "25.00%");
  EXPECT_EQ(FormatPercent(0), "0.00%");
}

TEST(FormatBytes, CountsInThousands) {
  const std::pair<double, const char*> cases[] = {
      {0, "0 B"},       {9.5, "9.5 B"},      {999, "999 B"},   {1000, "1.0 kB"},
      {12345, "12 kB"}, {1234567, "1.2 MB"}, {5e12, "5.0 TB"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(FormatBytes(bytes), text);
  }
}

TEST(FormatNumber, HasUpToSixDecimals) {
  EXPECT_EQ(FormatNumber(3), "3");
  EXPECT_EQ(FormatNumber(4.5), "4.5");
  EXPECT_EQ(FormatNumber(1.0 / 3), "0.333333");
  EXPECT_EQ(FormatNumber(-0.0000001), "0");
  EXPECT_EQ(FormatNumber(100), "100");
}

TEST(FormatNumber, HasNoMoreDigitsThanANumberOfItsSizeHolds) {
  EXPECT_EQ(FormatNumber(0.1 + 0.2), "0.3");
  EXPECT_EQ(FormatNumber(9007199254740994), "9007199254740994");
  EXPECT_EQ(FormatNumber(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(FormatNumber(-1e25), "-1e+25");
  EXPECT_EQ(FormatNumber(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(FormatDuration(1e300, "ms"), "1e+300ms");
}

}  // namespace
}  // namespace lockstep
