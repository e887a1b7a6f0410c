#include "coordinator/output/report_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/open_for_writing.h"
#include "common/base/whole_file.h"
#include "common/base/write_all.h"

namespace lockstep::coordinator {
namespace {

absl::Status StatusOf(int error) {
  return error == 0 ? absl::OkStatus() : absl::DataLossError(WritingReason(error));
}

// Closes the file.
absl::Status WriteTo(int file, absl::string_view content) {
  const int error = WriteAll(file, content);
  const int closed = close(file) == 0 ? 0 : errno;
  return StatusOf(error != 0 ? error : closed);
}

absl::Status AppendTo(const std::string& path, absl::string_view content) {
  const int file = OpenForWriting(path, O_CREAT | O_APPEND);
  return file < 0 ? StatusOf(errno) : WriteTo(file, content);
}

}  // namespace

ReportFile::ReportFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}

ReportFile::~ReportFile() {
  if (pipe_ >= 0) {
    close(pipe_);
  }
}

absl::Status ReportFile::Check() const {
  if (path_.empty()) {
    return absl::InvalidArgumentError("cannot write '': a file name is needed");
  }
  const absl::Status checked = append_ ? CheckInPlace(path_) : CheckWholeFile(path_);
  return checked.ok() ? checked
                      : absl::InvalidArgumentError(
                            absl::StrCat("cannot write '", path_, "': ", checked.message()));
}

absl::Status ReportFile::Reserve() {
  if (pipe_ < 0 && IsPipe(path_)) {
    pipe_ = OpenForWriting(path_, 0);
    return pipe_ >= 0 ? absl::OkStatus()
                      : absl::InvalidArgumentError(
                            absl::StrCat("cannot write '", path_, "': ", WritingReason(errno)));
  }
  return Check();
}

absl::Status ReportFile::Write(absl::string_view content) {
  const absl::Status written = pipe_ >= 0 ? WriteTo(std::exchange(pipe_, -1), content)
                               : append_  ? AppendTo(path_, content)
                                          : WriteWholeFile(path_, content);
  return written.ok()
             ? written
             : absl::DataLossError(absl::StrCat("cannot write '", path_, "': ", written.message()));
}

}  // namespace lockstep::coordinator
