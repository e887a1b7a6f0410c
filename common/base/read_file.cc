#include "common/base/read_file.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

constexpr size_t kReadBytes = 65536;

absl::Status SystemError() {
  const int error = errno;
  return absl::Status(absl::ErrnoToStatusCode(error), std::generic_category().message(error));
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t most) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto close_file = [](const int* opened) { close(*opened); };
  const std::unique_ptr<int, decltype(close_file)> owner(file < 0 ? nullptr : &file, close_file);
  struct stat facts = {};
  if (file < 0 || fstat(file, &facts) != 0) {
    return SystemError();
  }
  // What the system says of the size is a hint: a pipe has none, and a file may grow.
  size_t told = static_cast<size_t>(facts.st_size);
  std::string bytes;
  size_t size = 0;
  while (told <= most && size <= most) {
    bytes.resize(std::max(told, size) + kReadBytes);
    const ssize_t n = read(file, bytes.data() + size, bytes.size() - size);
    if (n == 0) {
      bytes.resize(size);
      return bytes;
    }
    if (n < 0 && errno != EINTR) {
      return SystemError();
    }
    size += n < 0 ? 0 : static_cast<size_t>(n);
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("it has ", std::max(told, size), " bytes, at most ", most, " are taken"));
}

}  // namespace lockstep
