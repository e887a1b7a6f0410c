#include "common/base/open_for_writing.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lockstep {
namespace {

constexpr mode_t kNewFileMode = 0666;  // as far as the process's mask lets it
constexpr int kTries = 50;             // to find a reader
constexpr int kPauseMillis = 20;

}  // namespace

bool IsPipe(const std::string& path) {
  struct stat facts = {};
  return stat(path.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode);
}

int OpenForWriting(const std::string& path, int flags) {
  const int all = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags;
  int file = open(path.c_str(), all, kNewFileMode);
  for (int i = 1; i < kTries && file < 0 && errno == ENXIO && IsPipe(path); ++i) {
    poll(nullptr, 0, kPauseMillis);
    file = open(path.c_str(), all, kNewFileMode);
  }
  return file;
}

bool MayWait(int file) {
  struct stat facts = {};
  return fstat(file, &facts) == 0 &&
         (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode) || isatty(file) != 0);
}

std::string WritingReason(int error) {
  switch (error) {
    case ENXIO:
      return "nobody reads this pipe; start its reader first";
    case ETIMEDOUT:
      return "its reader takes nothing any more";
    default:
      return std::generic_category().message(error);
  }
}

}  // namespace lockstep
