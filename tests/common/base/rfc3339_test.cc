#include "common/base/rfc3339.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(Rfc3339, HasAsManyDecimalsAsItTakes) {
  const absl::Time second = absl::FromUnixSeconds(1'700'000'000);  // `date -u -d @1700000000`
  EXPECT_EQ(Rfc3339(second), "2023-11-14T22:13:20Z");
  EXPECT_EQ(Rfc3339(second + absl::Milliseconds(500)), "2023-11-14T22:13:20.5Z");
  EXPECT_EQ(Rfc3339(second + absl::Nanoseconds(1)), "2023-11-14T22:13:20.000000001Z");
}

}  // namespace
}  // namespace lockstep
