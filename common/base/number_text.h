// Numbers as text for people and programs.
#pragma once

#include <string>

namespace lockstep {

// `value` in the fewest digits from which it can be read back, laid out as JavaScript does:
// "0.1", "123456789012345680000", "1e+21", "1e-7", "Infinity", "NaN". Minus zero is "0".
std::string ShortestNumber(double value);

}  // namespace lockstep
