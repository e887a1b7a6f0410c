#include "agent/health/kernel_file.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace lockstep::agent {
namespace {

constexpr size_t kMostBytes = 4096;

}  // namespace

KernelFile::KernelFile(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

KernelFile::~KernelFile() {
  if (file_ >= 0) {
    close(file_);
  }
}

KernelFile::KernelFile(KernelFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

std::optional<std::string> KernelFile::Read() const {
  std::string text(kMostBytes, '\0');
  const ssize_t size = file_ < 0 ? -1 : pread(file_, text.data(), text.size(), 0);
  if (size < 0) {
    return std::nullopt;
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace lockstep::agent
