// Invariants of our own code. User input can never reach a check: bad input is a Status, a broken
// invariant is a bug.
#pragma once

namespace lockstep {

// Prints the failed condition with its place to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace lockstep

#define LOCKSTEP_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::lockstep::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)

#ifdef NDEBUG
#define LOCKSTEP_DCHECK(condition) \
  do {                             \
    if (false) {                   \
      LOCKSTEP_CHECK(condition);   \
    }                              \
  } while (false)
#else
#define LOCKSTEP_DCHECK(condition) LOCKSTEP_CHECK(condition)
#endif
