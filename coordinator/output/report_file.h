// A file that is written once, at the end of a run: nobody ever sees half of it, and a run does not
// start if it could not be written.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class ReportFile {
 public:
  // `append`: what is there stays, and is added to.
  explicit ReportFile(std::string path, bool append = false);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  // Whether it could be written now: `cannot write 'x/y.xml': No such file or directory`.
  absl::Status Check() const;
  // The same; opens a pipe, which needs a reader from now on.
  absl::Status Reserve();
  // The whole content, in the way of common/base/whole_file.h.
  absl::Status Write(absl::string_view content);
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const bool append_;
  int pipe_ = -1;  // where the path is one, from Reserve to Write
};

}  // namespace lockstep::coordinator
