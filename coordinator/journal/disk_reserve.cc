#include "coordinator/journal/disk_reserve.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostNote = 512;

}  // namespace

DiskReserve::~DiskReserve() {
  if (!noted_) {
    Release();
  }
}

void DiskReserve::Take() {
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return;
  }
  taken_ = true;
  const bool reserved = posix_fallocate(file, 0, kBytes) == 0;
  close(file);
  if (!reserved) {
    Release();
  }
}

void DiskReserve::Release() {
  if (std::exchange(taken_, false)) {
    unlink(path_.c_str());
  }
}

void DiskReserve::Note(int64_t run, absl::string_view text) {
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return;
  }
  taken_ = true;
  noted_ = !text.empty();
  std::string note = text.empty() ? "" : absl::StrCat(run, " ", text.substr(0, kMostNote - 30));
  note.resize(kMostNote);
  const bool written = pwrite(file, note.data(), note.size(), 0) == ssize_t{kMostNote};
  close(file);
  if (!written && text.empty()) {
    Release();  // rather than to say what is not true any more
  }
}

std::string DiskReserve::NoteOf(int64_t run) const {
  const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return "";
  }
  std::string note(kMostNote, '\0');
  const ssize_t size = pread(file, note.data(), note.size(), 0);
  close(file);
  note.resize(size < 0 ? 0 : static_cast<size_t>(size));
  note.resize(std::min(note.size(), note.find('\0')));
  const std::string begin = absl::StrCat(run, " ");
  return absl::StartsWith(note, begin) ? note.substr(begin.size()) : "";
}

}  // namespace lockstep::coordinator
