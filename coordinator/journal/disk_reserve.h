// Room on a disk that is kept free for the end: a file of zeros beside another one, which goes when
// the disk is full and something small must still be written. One thread.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep::coordinator {

class DiskReserve {
 public:
  static constexpr int64_t kBytes = 1 << 20;

  explicit DiskReserve(std::string path) : path_(std::move(path)) {}
  ~DiskReserve() { Release(); }
  DiskReserve(const DiskReserve&) = delete;
  DiskReserve& operator=(const DiskReserve&) = delete;

  // Takes the room; nothing happens where there is none, as nobody needs it so far. One that a killed
  // process has left is taken over.
  void Take();
  // Gives it back.
  void Release();

 private:
  const std::string path_;
  bool taken_ = false;
};

}  // namespace lockstep::coordinator
