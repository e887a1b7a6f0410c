#include "common/base/number_text.h"

#include <limits>
#include <utility>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

// As JavaScript writes them (ECMA-262, Number::toString).
TEST(ShortestNumber, IsLaidOutAsInJavaScript) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},
      {-0.0, "0"},
      {7, "7"},
      {-12.5, "-12.5"},
      {0.1, "0.1"},
      {100000, "100000"},
      {1234567, "1234567"},
      {123456789012345680000.0, "123456789012345680000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {-1.5e300, "-1.5e+300"},
      {0.000001, "0.000001"},
      {0.00000123, "0.00000123"},
      {1e-7, "1e-7"},
      {1.25e-9, "1.25e-9"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::infinity(), "Infinity"},
      {-std::numeric_limits<double>::infinity(), "-Infinity"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(ShortestNumber(value), text);
  }
}

}  // namespace
}  // namespace lockstep
