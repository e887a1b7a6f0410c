#include "coordinator/output/report_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/whole_file.h"

namespace lockstep::coordinator {
namespace {

absl::Status AppendTo(const std::string& path, absl::string_view content) {
  errno = 0;
  FILE* file = fopen(path.c_str(), "ab");
  bool written =
      file != nullptr && fwrite(content.data(), 1, content.size(), file) == content.size();
  if (file != nullptr && fclose(file) != 0) {
    written = false;
  }
  return written ? absl::OkStatus() : absl::DataLossError(std::generic_category().message(errno));
}

}  // namespace

ReportFile::ReportFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}

absl::Status ReportFile::Reserve() const {
  if (path_.empty()) {
    return absl::InvalidArgumentError("cannot write '': a file name is needed");
  }
  const absl::Status checked = append_ ? AppendTo(path_, "") : CheckWholeFile(path_);
  return checked.ok() ? checked
                      : absl::InvalidArgumentError(
                            absl::StrCat("cannot write '", path_, "': ", checked.message()));
}

absl::Status ReportFile::Write(absl::string_view content) const {
  const absl::Status written = append_ ? AppendTo(path_, content) : WriteWholeFile(path_, content);
  return written.ok()
             ? written
             : absl::DataLossError(absl::StrCat("cannot write '", path_, "': ", written.message()));
}

}  // namespace lockstep::coordinator
