#include "common/base/open_files.h"

#include <optional>

#include <sys/resource.h>

namespace lockstep {
namespace {

// The limits as they were before the first RaiseOpenFiles.
std::optional<rlimit>& Given() {
  static std::optional<rlimit> given;
  return given;
}

}  // namespace

void RaiseOpenFiles() {
  rlimit limit{};
  if (Given().has_value() || getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  Given() = limit;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

void RestoreOpenFiles(pid_t process) {
  if (Given().has_value()) {
    static_cast<void>(prlimit(process, RLIMIT_NOFILE, &*Given(), nullptr));
  }
}

}  // namespace lockstep
