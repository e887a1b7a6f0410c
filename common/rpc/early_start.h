// What gRPC would do in the middle of the first hand-shake, done beside other work.
#pragma once

namespace lockstep {

// Lets Abseil measure the processor's frequency, for which it sleeps for 3 ms and more, once in a
// process: otherwise when a thread of gRPC's waits for another one's mutex for the first time, and
// both wait then. Returns at once; any thread, and before gRPC is used if it is to help.
void MeasureProcessorEarly();

}  // namespace lockstep
