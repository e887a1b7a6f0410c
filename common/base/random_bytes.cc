#include "common/base/random_bytes.h"

#include <sys/random.h>

#include "common/base/check.h"

namespace lockstep {

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  LOCKSTEP_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

}  // namespace lockstep
