// How far whole numbers are exact in a double, which is what JavaScript and most readers of JSON
// make of them.
#pragma once

#include <cstdint>

namespace lockstep {

// 2^53: up to it every whole number is a double, from it on every double is a whole number.
inline constexpr int64_t kMostExactInteger = int64_t{1} << 53;
// JavaScript's Number.MAX_SAFE_INTEGER: the largest that no other whole number becomes as well.
inline constexpr double kMaxSafeInteger = static_cast<double>(kMostExactInteger - 1);

}  // namespace lockstep
