#include "common/base/random_bytes.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(RandomBytes, Differ) {
  EXPECT_EQ(RandomBytes(16).size(), 16u);
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
  EXPECT_EQ(RandomBytes(0), "");
}

TEST(RandomBytes, AreMoreThanTheSystemGivesAtOnce) {
  constexpr size_t kMostAtOnce = 33554431;  // getrandom(2)
  const std::string bytes = RandomBytes(kMostAtOnce + 64);
  EXPECT_NE(bytes.substr(kMostAtOnce), std::string(65, '\0'));
}

}  // namespace
}  // namespace lockstep
