#include "common/base/random_bytes.h"

#include <cerrno>

#include <sys/random.h>

#include "common/base/check.h"

namespace lockstep {

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  // Many bytes come in pieces, and a signal may interrupt them.
  for (size_t done = 0; done < count;) {
    const ssize_t n = getrandom(&bytes[done], count - done, 0);
    LOCKSTEP_CHECK(n > 0 || errno == EINTR);
    done += n > 0 ? static_cast<size_t>(n) : 0;
  }
  return bytes;
}

}  // namespace lockstep
