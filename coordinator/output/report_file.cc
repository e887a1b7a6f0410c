#include "coordinator/output/report_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

bool IsSpecial(const std::string& path) {
  struct stat facts = {};
  return stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode);
}

}  // namespace

ReportFile::ReportFile(std::string path, bool append)
    : path_(std::move(path)),
      working_path_(append || IsSpecial(path_) ? path_ : path_ + ".part"),
      append_(append) {}

ReportFile::~ReportFile() {
  if (!complete_ && working_path_ != path_) {
    unlink(working_path_.c_str());
  }
}

absl::Status ReportFile::Reserve() {
  // Also where only the file itself may be written, not its folder.
  FILE* file = path_.empty() ? nullptr : fopen(working_path_.c_str(), "ab");
  if (file == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write '", path_,
        "': ", path_.empty() ? "a file name is needed" : std::generic_category().message(errno)));
  }
  fclose(file);
  return absl::OkStatus();
}

absl::Status ReportFile::Write(absl::string_view content) {
  errno = 0;
  FILE* file = fopen(working_path_.c_str(), append_ ? "ab" : "wb");
  bool written =
      file != nullptr && fwrite(content.data(), 1, content.size(), file) == content.size();
  if (file != nullptr && fclose(file) != 0) {
    written = false;
  }
  if (written && working_path_ != path_) {
    written = rename(working_path_.c_str(), path_.c_str()) == 0;
  }
  if (!written) {
    return absl::DataLossError(
        absl::StrCat("cannot write '", path_, "': ", std::generic_category().message(errno)));
  }
  complete_ = true;
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
