// How many files and connections this process may have open at once. Systems give each program a
// small limit by default, for the sake of those that use select(); none of ours does, and each
// virtual user needs some.
#pragma once

#include <sys/types.h>

namespace lockstep {

// Raises the soft limit to the hard one, as Go's programs do. Once, before there are threads. Where
// the system refuses, the limit stays as it is.
void RaiseOpenFiles();

// Gives a process that we have started, and that is no program of ours, the soft limit that we were
// given.
void RestoreOpenFiles(pid_t process);

}  // namespace lockstep
