// The pseudo-random numbers of Go's math/rand, which scripts that call randomSeed() expect: an
// additive lagged Fibonacci generator of 607 numbers of 64 bits. This is its state after seeding;
// k6's module `k6` steps it. Pure.
#pragma once

#include <array>
#include <cstdint>

namespace lockstep::agent {

using GoRandomState = std::array<uint64_t, 607>;

// The state that rand.NewSource(seed) starts from.
GoRandomState SeedGoRandom(int64_t seed);

}  // namespace lockstep::agent
