// Random bytes for secrets; random numbers that a test may repeat are in random.h.
#pragma once

#include <cstddef>
#include <string>

namespace lockstep {

// `count` bytes that nobody can guess. Ends the process if the system has none to give.
std::string RandomBytes(size_t count);

}  // namespace lockstep
