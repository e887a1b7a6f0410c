// The product's version, which CMake's project() defines, and that of the protocol between its two
// programs; everything else takes them from here.
#pragma once

#include <cstdint>

namespace lockstep {

extern const char kVersion[];  // "1.2.3"
// Of proto/lockstep/v1. A coordinator refuses agents with another one.
inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr char kK6Version[] = "2.2.0";  // whose scripts are run, and whose texts these are

}  // namespace lockstep
