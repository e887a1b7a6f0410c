// Opens files that people name, among which are pipes and terminals: none of them is waited for
// without end.
#pragma once

#include <string>

namespace lockstep {

// As open(2) with O_WRONLY, the `flags`, and 0666 for a new file; closed when another program is
// executed, and no process's terminal. A pipe gets a second to find a reader: without one, -1 and
// ENXIO. What is opened takes what it can at once (O_NONBLOCK): see WriteAll. -1 and errno if it
// cannot be opened.
int OpenForWriting(const std::string& path, int flags);

// Whether it is a pipe with a name.
bool IsPipe(const std::string& path);

// Whether writing to it may wait for a person or a program: a pipe, a terminal, a socket.
bool MayWait(int file);

// What the system says of an errno of this and of WriteAll, in words that fit files that somebody
// has named.
std::string WritingReason(int error);

}  // namespace lockstep
