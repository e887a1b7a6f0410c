// A file in which the kernel keeps figures, read again and again. It stays open, so that an agent
// whose load has used up its descriptors still knows how it is.
#pragma once

#include <optional>
#include <string>

namespace lockstep::agent {

class KernelFile {
 public:
  explicit KernelFile(const std::string& path);
  ~KernelFile();
  KernelFile(KernelFile&& other) noexcept;
  KernelFile& operator=(KernelFile&&) = delete;

  // What it holds now, of the first 4 KiB. Nothing: there is no such file, or it cannot be read.
  // Any thread.
  std::optional<std::string> Read() const;

 private:
  int file_;  // -1: it could not be opened
};

}  // namespace lockstep::agent
