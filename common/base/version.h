// The product's version. CMake's project() says it, everything else asks here.
#pragma once

namespace lockstep {

extern const char kVersion[];  // "1.2.3"

}  // namespace lockstep
