// Where an output's lines go: a file, compressed if its name ends in .gz, or standard output.
// Written as they come, through a buffer of fixed size.
#pragma once

#include <functional>
#include <string>

#include <zlib.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class TextSink {
 public:
  static constexpr unsigned kBufferBytes = 256 * 1024;

  // An empty path or "-": standard output, by `write_stdout`.
  TextSink(std::string path, std::function<void(absl::string_view)> write_stdout);
  ~TextSink();
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  // Creates or truncates the file. `cannot write 'x/y.json': No such file or directory`.
  absl::Status Open();
  // After the first error, nothing is written any more; Close reports it.
  void Append(absl::string_view text);
  void Flush();
  // The first error since Open.
  absl::Status Close();
  bool is_stdout() const { return path_.empty() || path_ == "-"; }
  const std::string& path() const { return path_; }

 private:
  void KeepError();

  std::string path_;
  std::function<void(absl::string_view)> write_stdout_;
  std::string pending_;  // for standard output
  gzFile file_ = nullptr;
  absl::Status status_;
};

}  // namespace lockstep::coordinator
