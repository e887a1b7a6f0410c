// A block of lines at the bottom of a terminal that is drawn again and again, while others write
// above it. Knows nothing of real terminals: bytes go to a function, and the size comes from one.
//
// The cursor rests at the first column below the block and is never hidden, so that a process that
// dies at any moment leaves a usable terminal behind. Each change is one write.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep::coordinator {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

// Of the terminal `fd`; the default for what it does not tell.
TerminalSize SizeOfTerminal(int fd);

// Whether `fd` is a terminal that can move its cursor: TERM is neither unset, empty nor "dumb".
// `term` is its value.
bool IsCapableTerminal(int fd, absl::string_view term);

// Whether `fd` takes bytes now; a terminal stopped by Ctrl+S does not.
bool TakesOutput(int fd);

// Thread-safe.
class Terminal {
 public:
  using Write = absl::AnyInvocable<void(absl::string_view)>;

  // `write` gets the bytes, `size` is asked before each change. Both are called under a lock: they
  // must not call back.
  Terminal(Write write, std::function<TerminalSize()> size);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  TerminalSize size() const { return size_(); }

  // Draws the block anew, over the one before. Lines are cut to the terminal's columns, and those
  // that do not fit its rows are left out, with a last line that says how many.
  void Draw(std::vector<std::string> lines);
  // Draws the block for the last time: whole lines, however long and many; what is written next
  // goes below them.
  void Leave(const std::vector<std::string>& lines);
  // Runs `print`, which may write whole lines to the same terminal in any way, above the block.
  void Above(absl::FunctionRef<void()> print);

 private:
  // Moves to the block's first row.
  std::string Back(TerminalSize size) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string Block(TerminalSize size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<TerminalSize()> size_;
  Mutex mutex_;
  Write write_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);  // as wanted, uncut
  std::vector<size_t> drawn_ ABSL_GUARDED_BY(mutex_);       // columns of the lines that are there
};

}  // namespace lockstep::coordinator
