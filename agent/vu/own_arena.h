// A thread's memory apart from that of others: while one of these lives, what the thread allocates
// comes from an arena of jemalloc's that no other thread has. So workers do not wait for each
// other, and what a worker's VUs touch lies together; all other threads, which are many and
// allocate little, share one arena.
#pragma once

#include <optional>

namespace lockstep::agent {

// Of the thread that makes it. Does nothing in a program without jemalloc, such as a test.
class OwnArena {
 public:
  OwnArena();
  // Leaves the arena to the next one. On the same thread.
  ~OwnArena();
  OwnArena(const OwnArena&) = delete;
  OwnArena& operator=(const OwnArena&) = delete;

 private:
  std::optional<unsigned> number_;
};

}  // namespace lockstep::agent
