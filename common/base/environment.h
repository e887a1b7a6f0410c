// The process's environment variables, read once and passed on, so that nothing but a program's
// main reads them.
#pragma once

#include <map>
#include <string>

namespace lockstep {

using Environment = std::map<std::string, std::string>;

// As they are now. Entries without '=' are left out.
Environment SystemEnvironment();

}  // namespace lockstep
