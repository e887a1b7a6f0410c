// Bytes for a descriptor through a bounded buffer that a thread of its own empties: whoever writes
// never waits for somebody who does not read.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep {

// Thread-safe.
class WriterThread {
 public:
  static constexpr size_t kMostBytes = size_t{64} << 20;

  // Writes to a duplicate of `file`, which its owner may close. At most `most_bytes` wait. The
  // thread takes no signals.
  explicit WriterThread(int file, size_t most_bytes = kMostBytes);
  // Gives up what has not been written: the thread may be in a call that does not return.
  ~WriterThread();
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  // Takes the whole text, which is written after all that was taken before, or nothing of it.
  // False: there is no room, as less than `spare` bytes of it would be left, or writing has failed
  // before.
  bool Write(absl::string_view text, size_t spare = 0);
  // Returns once all is written or given up, or nothing has been written for `patience`: how many
  // bytes wait still.
  size_t Flush(absl::Duration patience);
  // How many bytes wait.
  size_t waiting() const;
  // The errno of the call that failed, after which nothing is written any more; 0: none has.
  int error() const;

 private:
  struct State;
  static void Run(State& state);

  const size_t most_bytes_;
  const std::shared_ptr<State> state_;  // the thread's, too, which may outlive this
};

}  // namespace lockstep
