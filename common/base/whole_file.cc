#include "common/base/whole_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/open_for_writing.h"
#include "common/base/random_bytes.h"
#include "common/base/write_all.h"

namespace lockstep {
namespace {

constexpr mode_t kMode = 0666;  // as far as the process's mask lets it
constexpr mode_t kPermissions = 07777;
constexpr size_t kRandomBytes = 6;

absl::Status ReasonOf(int error) {
  return error == 0 ? absl::OkStatus()
                    : absl::Status(absl::ErrnoToStatusCode(error), WritingReason(error));
}

int Close(int file) {
  return close(file) == 0 ? 0 : errno;
}

// The regular file, there or not, that another one may replace; nothing: the path has to be written
// as it is.
std::optional<std::string> ReplaceableAt(const std::string& path) {
  // What stands here is another name for something: /dev/stdout is a file if a shell says so.
  if (absl::StartsWith(path, "/dev/") || absl::StartsWith(path, "/proc/")) {
    return std::nullopt;
  }
  struct stat facts = {};
  if (stat(path.c_str(), &facts) == 0) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::canonical(path, error);
    return S_ISREG(facts.st_mode) && !error ? std::optional(target.string()) : std::nullopt;
  }
  const bool dangles = lstat(path.c_str(), &facts) == 0;
  return dangles ? std::nullopt : std::optional(path);
}

// A new file beside another one, with the same permissions.
class Neighbour {
 public:
  explicit Neighbour(const std::string& target)
      : path_(absl::StrCat(target, ".", absl::BytesToHexString(RandomBytes(kRandomBytes)))),
        file_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode)),
        error_(file_ < 0 ? errno : 0) {
    struct stat facts = {};
    if (file_ >= 0 && stat(target.c_str(), &facts) == 0 &&
        fchmod(file_, facts.st_mode & kPermissions) != 0) {
      error_ = errno;
    }
  }
  ~Neighbour() {
    if (file_ >= 0) {
      close(file_);
    }
    if (made_ && !moved_) {
      unlink(path_.c_str());
    }
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  // Why it could not be made; 0: it could.
  int error() const { return error_; }
  int Write(absl::string_view content) {
    const int error = WriteAll(file_, content);
    const int closed = Close(std::exchange(file_, -1));
    return error != 0 ? error : closed;
  }
  int MoveTo(const std::string& target) {
    moved_ = rename(path_.c_str(), target.c_str()) == 0;
    return moved_ ? 0 : errno;
  }

 private:
  const std::string path_;
  int file_;
  int error_;
  const bool made_ = file_ >= 0;
  bool moved_ = false;
};

// Whether no file can be beside the target, for a reason that need not hold for the target itself.
// What holds for both is told when that is opened.
bool IsAboutTheFolder(int error) {
  return error == EACCES || error == EPERM || error == EROFS || error == ENAMETOOLONG ||
         error == ENOENT || error == ENOTDIR;
}

absl::Status WriteInPlace(const std::string& path, absl::string_view content) {
  const int file = OpenForWriting(path, O_CREAT | O_TRUNC);
  if (file < 0) {
    return ReasonOf(errno);
  }
  const int error = WriteAll(file, content);
  const int closed = Close(file);
  return ReasonOf(error != 0 ? error : closed);
}

}  // namespace

absl::Status CheckInPlace(const std::string& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode)) {
    return ReasonOf(access(path.c_str(), W_OK) == 0 ? 0 : errno);
  }
  const bool there = access(path.c_str(), F_OK) == 0;
  const int file = OpenForWriting(path, O_CREAT | O_APPEND);
  if (file < 0) {
    return ReasonOf(errno);
  }
  close(file);
  if (std::error_code error; !there) {
    const std::filesystem::path made = std::filesystem::canonical(path, error);
    unlink(error ? path.c_str() : made.c_str());
  }
  return absl::OkStatus();
}

absl::Status CheckWholeFile(const std::string& path) {
  const std::optional<std::string> target = ReplaceableAt(path);
  if (target.has_value()) {
    const int error = Neighbour(*target).error();
    if (error == 0 || !IsAboutTheFolder(error)) {
      return ReasonOf(error);
    }
  }
  return CheckInPlace(path);
}

absl::Status WriteWholeFile(const std::string& path, absl::string_view content) {
  const std::optional<std::string> target = ReplaceableAt(path);
  if (!target.has_value()) {
    return WriteInPlace(path, content);
  }
  Neighbour neighbour(*target);
  int error = neighbour.error();
  if (error == 0) {
    error = neighbour.Write(content);
    if (error != 0) {
      return ReasonOf(error);
    }
    // A file that is mounted is busy, one in a sticky folder somebody else's.
    error = neighbour.MoveTo(*target);
    return error == 0 ? absl::OkStatus() : WriteInPlace(path, content);
  }
  return IsAboutTheFolder(error) ? WriteInPlace(path, content) : ReasonOf(error);
}

}  // namespace lockstep
