// Room on a disk that is kept free for the end: a file of zeros beside another one, which goes when
// the disk is full and something small must still be written; and a note in it, for which there is
// always room. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class DiskReserve {
 public:
  static constexpr int64_t kBytes = 1 << 20;

  explicit DiskReserve(std::string path) : path_(std::move(path)) {}
  // Gives the room back, unless something is noted there.
  ~DiskReserve();
  DiskReserve(const DiskReserve&) = delete;
  DiskReserve& operator=(const DiskReserve&) = delete;

  // Takes the room; nothing happens where there is none, as nobody needs it so far. One that a
  // killed process has left is taken over.
  void Take();
  // Gives it back.
  void Release();
  // Writes into it, which takes no room, what a later process has to know of a run; nothing:
  // forgets it.
  void Note(int64_t run, absl::string_view text);
  // What was noted of this run; empty: nothing.
  std::string NoteOf(int64_t run) const;

 private:
  const std::string path_;
  bool taken_ = false;
  bool noted_ = false;
};

}  // namespace lockstep::coordinator
