#include "common/base/environment.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Environment, FoldersOfTheUserAreInHisHomeUnlessAVariableNamesThem) {
  const auto folder = [](const Environment& environment) {
    return XdgFolder(environment, "XDG_CACHE_HOME", ".cache");
  };
  EXPECT_EQ(folder({{"HOME", "/h"}}), "/h/.cache");
  EXPECT_EQ(folder({{"HOME", "/h"}, {"XDG_CACHE_HOME", ""}}), "/h/.cache");
  EXPECT_EQ(folder({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/c"}}), "/c");
  EXPECT_EQ(folder({{"XDG_CACHE_HOME", "/c"}}), "/c");
  EXPECT_EQ(folder({}), "");
}

}  // namespace
}  // namespace lockstep
