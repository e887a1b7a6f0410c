#include "agent/data/go_random.h"

namespace lockstep::agent {
namespace {

constexpr GoRandomState kCooked = {
#include "agent/data/go_random_table.inc"
};

constexpr int64_t kModulus = (int64_t{1} << 31) - 1;

// The minimal standard generator of Park and Miller with a better multiplier.
int64_t NextSeed(int64_t x) {
  constexpr int64_t kMultiplier = 48271;
  return x * kMultiplier % kModulus;
}

}  // namespace

GoRandomState SeedGoRandom(int64_t seed) {
  constexpr int64_t kInsteadOfZero = 89482311;
  int64_t x = seed % kModulus;
  if (x < 0) {
    x += kModulus;
  }
  if (x == 0) {
    x = kInsteadOfZero;
  }
  constexpr int kDiscarded = 20;
  for (int i = 0; i < kDiscarded; ++i) {
    x = NextSeed(x);
  }
  GoRandomState state = {};
  for (size_t i = 0; i < state.size(); ++i) {
    for (const int shift : {40, 20, 0}) {
      x = NextSeed(x);
      state[i] ^= static_cast<uint64_t>(x) << shift;
    }
    state[i] ^= kCooked[i];
  }
  return state;
}

}  // namespace lockstep::agent
