
#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {

const ScriptEngine& TestEngine() {
#ifdef LOCKSTEP_TEST_THREADS
  constexpr bool kThreads = true;
#else
  constexpr bool kThreads = false;
#endif
  // Never destroyed: V8 is disposed of with the process.
  static const ScriptEngine* const engine =
      new ScriptEngine({.heap_bytes = size_t{64} << 20, .force_threads = kThreads});
  return *engine;
}

}  // namespace lockstep::agent
