#include "common/base/write_all.h"

#include <cerrno>

#include <unistd.h>

namespace lockstep {

int WriteAll(int file, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t n = write(file, content.data(), content.size());
    if (n >= 0) {
      content.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace lockstep
