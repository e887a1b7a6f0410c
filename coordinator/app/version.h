// What `lockstep version` says.
#pragma once

#include <string>

namespace lockstep::coordinator {

// As k6 says it, "lockstep v0.1.0 (g++ 12.2.0, linux/amd64)", and a line about what it works with;
// or the same facts as JSON, with k6's names where k6 has them.
std::string VersionText(bool json);
// "linux" and "amd64": the names that k6 uses.
const char* SystemName();
const char* ArchitectureName();

}  // namespace lockstep::coordinator
