// The process's environment variables, read once and passed on, so that nothing but a program's
// main reads them.
#pragma once

#include <map>
#include <string>

namespace lockstep {

using Environment = std::map<std::string, std::string>;

// As they are now. Entries without '=' are left out.
Environment SystemEnvironment();

// The folder that a variable of the XDG base directories names, such as XDG_CACHE_HOME, else
// `usual` (".cache") in HOME; "" if neither is set.
std::string XdgFolder(const Environment& environment, const std::string& variable,
                      const std::string& usual);

}  // namespace lockstep
