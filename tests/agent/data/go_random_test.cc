// The numbers are what Go 1.19 prints; seed 42's first is in k6's answers, too.
#include "agent/data/go_random.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

// Steps the generator as Go does, and returns rand.Float64().
double Next(GoRandomState* state, size_t* tap, size_t* feed) {
  *tap = (*tap + state->size() - 1) % state->size();
  *feed = (*feed + state->size() - 1) % state->size();
  (*state)[*feed] += (*state)[*tap];
  return static_cast<double>((*state)[*feed] & ~(uint64_t{1} << 63)) / 9223372036854775808.0;
}

double FirstOf(int64_t seed) {
  GoRandomState state = SeedGoRandom(seed);
  size_t tap = 0, feed = state.size() - 273;
  return Next(&state, &tap, &feed);
}

TEST(GoRandom, BeginsAsGoDoes) {
  EXPECT_EQ(FirstOf(42), 0.3730283610466326);
  EXPECT_EQ(FirstOf(1), 0.6046602879796196);
  EXPECT_EQ(FirstOf(0), 0.9451961492941164);
}

TEST(GoRandom, SeedsOfAnySizeAreTakenModuloTheirPrime) {
  EXPECT_EQ(FirstOf((int64_t{1} << 31) - 1), FirstOf(0));
  EXPECT_EQ(FirstOf(-1), FirstOf((int64_t{1} << 31) - 2));
}

}  // namespace
}  // namespace lockstep::agent
