// Files that scripts open with k6/experimental/fs: one copy in a process, whatever the number of
// VUs, and what each VU has of it, a position. Knows no V8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "agent/data/once_map.h"
#include "agent/data/row_table.h"

namespace lockstep::agent {

// Does not move, as its tables refer to its content.
struct SharedFile {
  explicit SharedFile(std::string text) : content(std::move(text)) {}

  const std::string content;
  // What was made of it as CSV, by syntax.
  OnceMap<const RowTable> tables;
};

// By URL. Thread-safe; a file lives as long as the store.
class FileStore final : public OnceMap<SharedFile> {};

// The numbers are those of k6's SeekMode.
enum class SeekMode { kStart = 0, kCurrent = 1, kEnd = 2 };

// A file that one VU has open.
class OpenFile {
 public:
  // `file` outlives this one. `path` is absolute.
  OpenFile(SharedFile& file, std::string path) : file_(file), path_(std::move(path)) {}

  SharedFile& file() const { return file_; }
  const std::string& path() const { return path_; }
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }
  int64_t size() const { return static_cast<int64_t>(file_.content.size()); }

  // Copies what comes next, up to the size of `into`, and goes behind it. The number of bytes;
  // nothing at the end of the file.
  std::optional<int64_t> Read(absl::Span<char> into);
  // The new position, which may be the end of the file. InvalidArgument: it would be before the
  // start or behind the end.
  absl::StatusOr<int64_t> Seek(int64_t offset, SeekMode whence);

 private:
  SharedFile& file_;
  const std::string path_;
  size_t at_ = 0;
};

}  // namespace lockstep::agent
