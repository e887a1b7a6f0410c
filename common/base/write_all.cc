#include "common/base/write_all.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace lockstep {
namespace {

constexpr int kPatienceMillis = 5000;

// Whether it takes more before the time is over.
bool TakesMore(int file) {
  pollfd asked = {.fd = file, .events = POLLOUT, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&asked, 1, kPatienceMillis);
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

}  // namespace

int WriteAll(int file, absl::string_view content, size_t* written) {
  size_t unused = 0;
  size_t& done = written != nullptr ? *written : unused;
  done = 0;
  while (!content.empty()) {
    const ssize_t n = write(file, content.data(), content.size());
    if (n >= 0) {
      content.remove_prefix(static_cast<size_t>(n));
      done += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      if (!TakesMore(file)) {
        return ETIMEDOUT;
      }
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace lockstep
