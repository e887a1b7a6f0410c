// The product's version. CMake's project() defines it; everything else takes it from here.
#pragma once

namespace lockstep {

extern const char kVersion[];  // "1.2.3"

}  // namespace lockstep
