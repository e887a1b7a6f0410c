// The memory that the code of a program and its libraries takes.
#pragma once

namespace lockstep {

// Takes all code and constants, the program's and its libraries', out of this process's memory.
// What is still needed comes back from the page cache when it is next used, at the price of some
// hundred minor faults, a millisecond or two; what only the start has used does not. Any thread may
// run meanwhile. Breakpoints that a debugger has set before are gone with the pages.
void GiveBackProgramPages();

}  // namespace lockstep
