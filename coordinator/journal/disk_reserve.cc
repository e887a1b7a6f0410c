#include "coordinator/journal/disk_reserve.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace lockstep::coordinator {

void DiskReserve::Take() {
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return;
  }
  taken_ = true;
  const bool reserved = posix_fallocate(file, 0, kBytes) == 0;
  close(file);
  if (!reserved) {
    Release();
  }
}

void DiskReserve::Release() {
  if (std::exchange(taken_, false)) {
    unlink(path_.c_str());
  }
}

}  // namespace lockstep::coordinator
