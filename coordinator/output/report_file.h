// A file that is written once, at the end of a run: nobody ever sees half of it, and a run does not
// start if it could not be written.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class ReportFile {
 public:
  // `append`: what is there stays, and is written to directly.
  explicit ReportFile(std::string path, bool append = false);
  // Removes what is not complete.
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  // Whether it can be written: `cannot write 'x/y.xml': No such file or directory`.
  absl::Status Reserve();
  // The whole content.
  absl::Status Write(absl::string_view content);
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  // Beside the file, renamed when it is complete; the file itself where that is impossible (a
  // device).
  std::string working_path_;
  bool append_;
  bool complete_ = false;
};

}  // namespace lockstep::coordinator
