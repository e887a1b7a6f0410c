#include "agent/data/shared_file.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {

std::optional<int64_t> OpenFile::Read(absl::Span<char> into) {
  const size_t rest = file_.content.size() - at_;
  if (rest == 0) {
    return std::nullopt;
  }
  const size_t count = std::min(rest, into.size());
  std::copy_n(file_.content.data() + at_, count, into.data());
  at_ += count;
  return static_cast<int64_t>(count);
}

absl::StatusOr<int64_t> OpenFile::Seek(int64_t offset, SeekMode whence) {
  int64_t base = 0;
  switch (whence) {
    case SeekMode::kStart:
      break;
    case SeekMode::kCurrent:
      base = static_cast<int64_t>(at_);
      break;
    case SeekMode::kEnd:
      base = size();
      break;
  }
  if (offset < -base || offset > size() - base) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset ", offset, " leads out of the file, which has ", size(),
                     " bytes; allowed from here: ", -base, " to ", size() - base));
  }
  at_ = static_cast<size_t>(base + offset);
  return base + offset;
}

}  // namespace lockstep::agent
